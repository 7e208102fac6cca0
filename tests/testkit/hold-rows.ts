import { Client } from 'pg'
import { expect } from 'vitest'
import type { TestDatabase } from './database.ts'

export interface HeldRows {
  /** Resolves when this many statements wait for a lock in this database. */
  waitForBlocked(count: number): Promise<void>
  /** Lets them continue, in the order in which they came. */
  release(): Promise<void>
}

/** Locks the rows that `sql` selects, so that writers wait for each other at a point of the test's choice. */
export async function holdRows(database: TestDatabase, sql: string, params: unknown[]): Promise<HeldRows> {
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query('BEGIN')
  await client.query(sql, params)
  const blocked = async () => {
    const [row] = await database.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return row?.count
  }
  return {
    waitForBlocked: (count) => expect.poll(blocked, { timeout: 10_000, interval: 5 }).toBe(count),
    async release() {
      await client.query('COMMIT')
      await client.end()
    },
  }
}
