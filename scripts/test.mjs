// Runs the tests, and first prints how long they take. Run: npm test, npm run test:heavy, test:s3, test:monitoring or test:full. With --confirm
// a file that fails is run three times by itself, and only fails if it fails again; other arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { generate } from './generate.mjs'

// Measured on two processors with little other load.
const runs = {
  essential: {
    projects: ['unit', 'unit-replacing', 'transport', 'integration'],
    words: 'Each guarantee and everything quick: some 6 minutes on two processors.',
  },
  '--heavy': {
    projects: ['heavy'],
    words: 'Fleets, browsers, other clients, attacks, faults of all kinds: some 8 minutes on two processors.',
  },
  '--s3': {
    projects: ['s3'],
    words: 'Files in a store that speaks S3: a minute. It needs OpenStack Swift.',
  },
  '--monitoring': {
    projects: ['monitoring'],
    words: "Alerts and the dashboard against a real Prometheus: a minute. It installs Debian's prometheus.",
  },
  '--full': {
    projects: ['full'],
    words:
      'What waits for silence or takes a storm, and of what the others do a part, all of it: some 20 minutes on two processors.',
  },
}

/** Most files that are run again: more failures than this are no matter of a busy machine. */
const maxConfirmed = 3
const confirmations = 3

const given = process.argv.slice(2)
const named = given.find((argument) => argument !== 'essential' && Object.hasOwn(runs, argument))
const { projects, words } = runs[named ?? 'essential']
const isConfirming = given.includes('--confirm')
const args = given.filter((argument) => argument !== named && argument !== '--confirm')

const root = join(import.meta.dirname, '..')
const reports = mkdtempSync(join(tmpdir(), 'parley-tests-'))
const report = join(reports, 'report.json')

const vitest = (...more) =>
  spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...projects.flatMap((name) => ['--project', name]),
      ...(isConfirming ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : []),
      ...more,
    ],
    { stdio: 'inherit', cwd: root },
  ).status ?? 1

/** The files that failed; null where the report does not say, as when vitest itself came to an end. */
function failedFiles() {
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    return testResults.filter(({ status }) => status !== 'passed').map(({ name }) => relative(root, name))
  } catch {
    return null
  }
}

/** 0 when each file that failed passes several times, one after the other with nothing beside it. */
function confirm() {
  const files = failedFiles()
  if (files === null || files.length === 0 || files.length > maxConfirmed) return 1
  for (const file of files) {
    for (let run = 1; run <= confirmations; run++) {
      console.log(`\n${file} failed. By itself, ${run} of ${confirmations}:`)
      if (vitest(file) !== 0) return 1
    }
  }
  console.warn(`\nUNSTEADY: failed once and passed ${confirmations} times by themselves: ${files.join(', ')}`)
  return 0
}

generate()
console.log(words)
let status
try {
  status = vitest(...args)
  if (status !== 0 && isConfirming) status = confirm()
} finally {
  rmSync(reports, { recursive: true, force: true })
}
process.exit(status)
