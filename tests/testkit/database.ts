import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Pool, type QueryResultRow } from 'pg'
import { inject } from 'vitest'
import { atEndOfEachFile } from './at-end.ts'

export interface TestDatabase {
  url: string
  query<Row extends QueryResultRow = QueryResultRow>(sql: string, params?: unknown[]): Promise<Row[]>
  drop(): Promise<void>
}

const databases = new Set<TestDatabase>()

atEndOfEachFile(async () => {
  for (const database of databases) await database.drop()
  databases.clear()
})

const ownSettings = Object.entries({
  statement_timeout: 0,
  idle_session_timeout: 0,
  search_path: 'public',
  jit: 'off',
  exit_on_error: 'off',
  default_transaction_read_only: 'off',
})
  .map(([name, value]) => `-c ${name}=${String(value)}`)
  .join(' ')

/** Tries for as long as a test holds a disk of the cluster full. */
const maxTries = 240
const pauseMs = 250

export async function onCluster<Row extends QueryResultRow = QueryResultRow>(sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: inject('clusterUrl') })
  await client.connect()
  try {
    for (let tries = 1; ; tries++) {
      try {
        return (await client.query<Row>(sql)).rows
      } catch (error) {
        // Dropping a database takes a checkpoint, which fails while a tablespace of another test's has no room.
        if (tries === maxTries || !String(error).includes('checkpoint request failed')) throw error
        await sleep(pauseMs)
      }
    }
  } finally {
    await client.end()
  }
}

/**
 * A database for one test file: empty, with all migrations applied. Dropped at the end of the file. With another `how`
 * (`TEMPLATE template0 LOCALE 'C'`, say) it has no migrations. A shared one is removed together with the cluster.
 */
export async function createTestDatabase(
  how = 'TEMPLATE parley_template',
  { isShared = false } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await onCluster(`CREATE DATABASE ${name} ${how}`)
  const url = Object.assign(new URL(inject('clusterUrl')), { pathname: `/${name}` }).href
  // A test may change the settings of its database; that must not affect its own queries.
  const pool = new Pool({ connectionString: url, max: 4, options: ownSettings })
  // A test may cut all connections of its database on purpose.
  pool.on('error', () => undefined)
  let dropped: Promise<void> | undefined
  const database: TestDatabase = {
    url,
    async query<Row extends QueryResultRow>(sql: string, params: unknown[] = []) {
      return (await pool.query<Row>(sql, params)).rows
    },
    drop() {
      dropped ??= pool.end().then(async () => {
        await onCluster(`DROP DATABASE ${name} WITH (FORCE)`)
      })
      return dropped
    },
  }
  if (!isShared) databases.add(database)
  return database
}
