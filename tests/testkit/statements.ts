import type { TestDatabase } from './database.ts'

export interface Statements {
  /** Number of statements run. */
  calls: number
  /** Pages of tables and indexes that they looked at. */
  pages: number
  /** Each statement, and how often it was run. */
  list: { query: string; calls: number; pages: number }[]
}

/** Statements that a server runs by itself: the relay, the check of live sessions, retention, gathered receipts, the search, webhooks. */
const background = [
  'pg_snapshot_xmin',
  'shown_moves',
  'FROM sessions s JOIN users u',
  'UPDATE sessions SET last_used_at',
  'parley_retire_events',
  'parley_forget_op_keys',
  'parley_flush_receipts',
  // The index of the search.
  'search_position',
  '"isDeleted"',
  // Looking for webhook endpoints that nobody sends to.
  'UPDATE webhook_endpoints e SET lease_holder',
  // Opening a connection, and folding names again.
  'pg_catalog.pg_backend_pid()',
  'search_name_rule',
]

/** The statements that PostgreSQL counted in this database during some work, without the server's own polling. */
export async function statementsOf(database: TestDatabase, work: () => Promise<unknown>): Promise<Statements> {
  const here = '(SELECT oid FROM pg_database WHERE datname = current_database())'
  await database.query(`SELECT pg_stat_statements_reset(0, ${here}, 0)`)
  await work()
  const list = await database.query<Statements['list'][number]>(
    `SELECT query, calls::int AS calls, (shared_blks_hit + shared_blks_read)::int AS pages FROM pg_stat_statements
      WHERE dbid = ${here} AND toplevel AND query NOT LIKE '%pg_stat_statements%' AND query NOT LIKE 'SET %'
        AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS pattern WHERE strpos(query, pattern) > 0)
      ORDER BY query`,
    [background],
  )
  const sum = (what: 'calls' | 'pages') => list.reduce((total, statement) => total + statement[what], 0)
  return { calls: sum('calls'), pages: sum('pages'), list }
}
