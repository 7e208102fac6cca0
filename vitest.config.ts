import { defineConfig } from 'vitest/config'

/** Whole fleets under load or faults: each has the machine to itself, one file after the other, when the rest is done. */
const heavy = ['tests/{faults,limits}/**/*.test.ts']

export default defineConfig({
  test: {
    // Real servers, PostgreSQL and Redis stand behind most tests; a hang still ends within a minute.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes when the machine gets to it.
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // Timing tests (2 s to recover) must not starve on small machines.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['tests/unit/**/*.test.ts', 'tests/*.test.ts', 'sdk/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['tests/{api,costs,examples,guarantees,starting,transport}/**/*.test.ts'],
          globalSetup: ['tests/testkit/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'heavy',
          include: heavy,
          globalSetup: ['tests/testkit/global-setup.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
