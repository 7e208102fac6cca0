import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Real servers, PostgreSQL and Redis stand behind most tests; a hang still ends within a minute.
    testTimeout: 60_000,
    hookTimeout: 60_000,
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
          include: ['tests/integration/**/*.test.ts'],
          globalSetup: ['tests/testkit/global-setup.ts'],
        },
      },
    ],
  },
})
