import { randomBytes } from 'node:crypto'
import { Client, Pool, type QueryResultRow } from 'pg'
import { inject } from 'vitest'
import { atEnd } from './at-end.ts'

export interface TestDatabase {
  url: string
  query<Row extends QueryResultRow = QueryResultRow>(sql: string, params?: unknown[]): Promise<Row[]>
  drop(): Promise<void>
}

const databases: TestDatabase[] = []

atEnd(async () => {
  for (const database of databases) await database.drop()
})

async function onCluster(sql: string): Promise<void> {
  const client = new Client({ connectionString: inject('clusterUrl') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** A database of its own for a test file: empty, with all migrations applied. Dropped at the end of the file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await onCluster(`CREATE DATABASE ${name} TEMPLATE parley_template`)
  const url = Object.assign(new URL(inject('clusterUrl')), { pathname: `/${name}` }).href
  const pool = new Pool({ connectionString: url, max: 4 })
  // A test may cut all connections of its database on purpose.
  pool.on('error', () => undefined)
  let dropped: Promise<void> | undefined
  const database: TestDatabase = {
    url,
    async query<Row extends QueryResultRow>(sql: string, params: unknown[] = []) {
      return (await pool.query<Row>(sql, params)).rows
    },
    drop() {
      dropped ??= pool.end().then(() => onCluster(`DROP DATABASE ${name} WITH (FORCE)`))
      return dropped
    },
  }
  databases.push(database)
  return database
}
