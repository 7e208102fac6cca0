// Runs the tests, and first prints how long they take. Run: npm test, npm run test:heavy, test:s3 or test:full; arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { generate } from './generate.mjs'

// Measured on two processors with little other load.
const runs = {
  essential: {
    projects: ['unit', 'unit-replacing', 'transport', 'integration'],
    words: 'Each guarantee and everything quick: some 12 minutes on two processors.',
  },
  '--heavy': {
    projects: ['heavy'],
    words: 'Fleets, browsers, other clients, attacks, faults of all kinds: some 7 minutes on two processors.',
  },
  '--s3': {
    projects: ['s3'],
    words: 'Files in a store that speaks S3: a minute. It needs OpenStack Swift.',
  },
  '--full': {
    projects: ['full'],
    words:
      'What waits for silence or takes a storm, and of what the others do a part, all of it: some 20 minutes on two processors.',
  },
}

const [first = '', ...rest] = process.argv.slice(2)
const isNamed = first.startsWith('--') && Object.hasOwn(runs, first)
const { projects, words } = runs[isNamed ? first : 'essential']
const args = isNamed ? rest : process.argv.slice(2)

generate()
console.log(words)
const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', ...projects.flatMap((name) => ['--project', name]), ...args],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
