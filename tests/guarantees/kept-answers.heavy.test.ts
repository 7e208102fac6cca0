import { expect, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import { countedEnv, keptOf } from '../testkit/kept.ts'
import { runLockstep } from '../testkit/lockstep.ts'
import { startServer } from '../testkit/server.ts'

const count = effort(10_000, 400)
const seed = effort(Date.now() % 1_000_000, 7)
// What is flushed between two answers would make them differ.
const quiet = { RECEIPT_FLUSH_INTERVAL_MS: '60000', HOUSEKEEPING_INTERVAL_MS: '3600000', RECEIPT_GATHER_MEMBERS: '6' }

const timeout = effort(3_600_000, 120_000)

test(
  `kept answers are those of a process that keeps none, after writes of every kind by all of them (seed ${String(seed)})`,
  { timeout },
  async () => {
    const database = await createTestDatabase()
    const start = (env: Record<string, string>) => startServer({ databaseUrl: database.url, env: { ...quiet, ...env } })
    const [one, other, plain] = await Promise.all([start(countedEnv), start(countedEnv), start({ READ_CACHE_MB: '0' })])
    const run = await runLockstep({ database, keeping: [one, other], plain, seed, count })
    if (effort(true, process.env.LOCKSTEP_LOG !== undefined))
      console.log(JSON.stringify({ ...run, kept: await keptOf(one) }))
    expect(run.differences.slice(0, 3)).toEqual([])
    expect(run.compared).toBeGreaterThanOrEqual(count)
    expect(run.skipped).toBeLessThan(run.compared / 10)
    const { hits, misses } = await keptOf(one)
    // Otherwise nothing was compared but one execution with another.
    expect(hits).toBeGreaterThan(count / 40)
    expect(misses).toBeGreaterThan(count / 40)
    expect(Object.keys(run.writes).length).toBeGreaterThan(effort(20, 4))
  },
)

test('without the look at the log the same comparison finds differences', async () => {
  const database = await createTestDatabase()
  const start = (env: Record<string, string>) => startServer({ databaseUrl: database.url, env: { ...quiet, ...env } })
  const [unproven, plain] = await Promise.all([
    start({ READ_CACHE_MB: '64', PARLEY_FAULT: 'keep-unproven:1' }),
    start({ READ_CACHE_MB: '0' }),
  ])
  const run = await runLockstep({ database, keeping: [unproven], plain, seed: 7, count: 400, untilDifferent: true })
  expect(run.differences).not.toEqual([])
})
