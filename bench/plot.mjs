// Draws the documentation's pictures from results.
// Run: node bench/plot.mjs [--results file --performance file.svg] [--growth-results file --growth file.svg]
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { growthPlot } from './plot/growth.mjs'
import { performancePlot } from './plot/performance.mjs'

const { values: options } = parseArgs({
  options: {
    results: { type: 'string', default: 'bench/results/latest.json' },
    performance: { type: 'string' },
    'growth-results': { type: 'string', default: 'bench/results/growth.json' },
    growth: { type: 'string' },
  },
})

const draw = (plot, from, to) => {
  writeFileSync(to, plot(JSON.parse(readFileSync(from, 'utf8'))))
  console.log(to)
}

if (options.performance === undefined && options.growth === undefined) {
  console.error('Nothing to draw: give --performance file.svg, --growth file.svg, or both.')
  process.exitCode = 1
}
if (options.performance !== undefined) draw(performancePlot, options.results, options.performance)
if (options.growth !== undefined) draw(growthPlot, options['growth-results'], options.growth)
