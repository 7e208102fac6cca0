import { colours, curve, line, logScale, picture, powersOfTen, swatch, text, where } from './svg.mjs'

const width = 960
const columns = 2
const plotWidth = 380
const plotHeight = 210
const legendLine = 18
const top = 76

const amount = (value) =>
  value >= 1_000_000 ? `${value / 1_000_000}M` : value >= 1_000 ? `${value / 1_000}k` : String(value)
const figure = (value) => String(Number(value.toPrecision(2)))

/**
 * Both axes are logarithmic: a level line is a cost that does not grow, a slope of one is a cost that grows in proportion
 * to the size.
 */
export function growthPlot(report) {
  const most = Math.max(...report.curves.map(({ operations }) => operations.length))
  const cellHeight = plotHeight + 84 + most * legendLine
  const rows = Math.ceil(report.curves.length / columns)
  const height = top + rows * cellHeight + 30
  const parts = [
    text('What an operation costs as its world grows', { x: 24, y: 34, kind: 'title' }),
    text(
      'Median through the API, one at a time; in brackets the SQL statements at the first and the last size. Level is good.',
      {
        x: 24,
        y: 56,
        kind: 'quiet',
      },
    ),
    ...report.curves.flatMap((one, place) =>
      panel(one, 64 + (place % columns) * (plotWidth + 76), top + 34 + Math.floor(place / columns) * cellHeight),
    ),
    text(where(report), { x: 24, y: height - 14, kind: 'quiet' }),
  ]
  return picture(width, height, 'What an operation costs as its world grows', parts)
}

function panel({ title, sizes, operations }, left, y0) {
  const values = operations.flatMap(({ points }) => points.map(({ medianMs }) => medianMs))
  const ticks = powersOfTen(Math.min(...values), Math.max(...values, Math.min(...values) * 10))
  const x = logScale(sizes[0], sizes.at(-1), left + 14, left + plotWidth - 14)
  const y = logScale(ticks[0], ticks.at(-1), y0 + plotHeight, y0)
  const units = [...new Set(operations.map(({ unit = 'ms' }) => unit))].join(', ')
  const parts = [text(`${title} (${units})`, { x: left, y: y0 - 14 })]
  for (const tick of ticks) {
    parts.push(line(left, y(tick), left + plotWidth, y(tick), 'rule'))
    parts.push(text(figure(tick), { x: left - 8, y: y(tick) + 4, anchor: 'end', kind: 'quiet' }))
  }
  for (const size of sizes) {
    parts.push(text(amount(size), { x: x(size), y: y0 + plotHeight + 18, anchor: 'middle', kind: 'quiet' }))
  }
  for (const [place, { label, points, unit = 'ms' }] of operations.entries()) {
    const colour = colours[place % colours.length]
    parts.push(
      curve(
        points.map(({ size, medianMs }) => [x(size), y(medianMs)]),
        colour,
      ),
    )
    const first = points[0]
    const last = points.at(-1)
    const legendY = y0 + plotHeight + 44 + place * legendLine
    parts.push(swatch(left, legendY, colour))
    parts.push(
      text(
        `${label}: ${figure(first.medianMs)} → ${figure(last.medianMs)} ${unit} (${first.statements} → ${last.statements})`,
        {
          x: left + 18,
          y: legendY,
        },
      ),
    )
  }
  return parts
}
