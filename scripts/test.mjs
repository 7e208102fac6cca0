// Runs the tests, and first prints how long they take. Run: npm test, or npm run test:heavy; arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { generate } from './generate.mjs'

// Measured on two processors with little other load.
const runs = {
  essential: {
    projects: ['unit', 'transport', 'integration'],
    words: 'Each guarantee and everything else, once: some 12 minutes on two processors.',
  },
  heavy: {
    projects: ['heavy'],
    words: 'Fleets, faults under load, many runs of random tests: some 15 minutes on two processors.',
  },
}

const [first, ...rest] = process.argv.slice(2)
const { projects, words } = first === '--heavy' ? runs.heavy : runs.essential
const args = first === '--heavy' || first === undefined ? rest : [first, ...rest]

generate()
console.log(words)
const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', ...projects.flatMap((name) => ['--project', name]), ...args],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
