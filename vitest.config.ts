import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { relayTags } from './tests/examples/relay-tags.ts'

const testsUnder = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join(folder, file))

/** Needs fleets, browsers or minutes: nobody waits for these in `npm test`. */
const heavyOnly = 'tests/**/*.heavy.test.ts'
/** Half a minute of silence, many databases, a storm: before a release and every night, not with each change. */
const fullOnly = 'tests/**/*.full.test.ts'
/** What does a part of its work in `npm test` or the heavy run does all of it in `npm run test:full`. */
const inParts = testsUnder('tests').filter((file) => readFileSync(file, 'utf8').includes('testkit/effort.ts'))
/** A module that is replaced stays so for the files that come after, where these share their modules. */
const replacingIn = (folder: string) =>
  testsUnder(folder).filter((file) => readFileSync(file, 'utf8').includes('vi.mock('))
const replacing = replacingIn('tests/unit')
const replacingOfTransport = replacingIn('tests/transport')
/** Faults under load: each file has the machine to itself, when the rest is done. */
const faults = ['tests/{faults,limits}/**/*.test.ts']

/** The files of a worker share its modules, which are loaded once, and with them the servers of testkit/shared.ts. */
const sharing = { isolate: false }

export default defineConfig({
  test: {
    // Real servers, PostgreSQL and Redis stand behind most tests; a hang still ends within two minutes.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes when the machine gets to it.
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // On two processors two would leave a third of these idle: many tests wait, for a deadline or for a process to start.
    maxWorkers: 3,
    setupFiles: ['tests/testkit/setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'tests/{unit,import/reading}/**/*.test.ts',
            'tests/*.test.ts',
            'sdk/{src,tests}/**/*.test.{ts,tsx}',
          ],
          exclude: replacing,
          ...sharing,
        },
      },
      { extends: true, test: { name: 'unit-replacing', include: replacing } },
      {
        extends: true,
        plugins: [relayTags],
        test: {
          name: 'integration',
          include: [
            'tests/{api,costs,examples,guarantees,import/writing,sdk,starting,transport}/**/*.test.ts',
            ...faults,
          ],
          exclude: [heavyOnly, fullOnly, ...replacingOfTransport],
          ...sharing,
          globalSetup: ['tests/testkit/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'transport',
          include: replacingOfTransport,
          exclude: [heavyOnly, fullOnly],
          globalSetup: ['tests/testkit/global-setup.ts'],
        },
      },
      ...[
        { name: 'heavy', include: [heavyOnly] },
        // They need a store that takes two minutes to install.
        { name: 's3', include: ['tests/s3/**/*.test.ts'] },
        // Debian's prometheus takes 96 MB.
        { name: 'monitoring', include: ['tests/monitoring/**/*.test.ts'] },
        { name: 'full', include: [fullOnly, ...inParts], env: { TEST_EFFORT: 'full' } },
      ].map((project) => ({
        extends: true as const,
        plugins: [relayTags],
        test: {
          ...project,
          ...sharing,
          globalSetup: ['tests/testkit/global-setup.ts'],
          sequence: { groupOrder: 1 },
        },
      })),
    ],
  },
})
