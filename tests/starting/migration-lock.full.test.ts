import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/** The lock of `prisma migrate`, which is ours as well. */
const lock = 'pg_advisory_lock(72707369)'

interface WaitLine {
  msg: string
  waitedMs: number
  holders: Record<string, unknown>[]
}

interface Starting {
  /** The lines that say that it waits, as soon as there are so many. */
  waits: (count: number) => Promise<WaitLine[]>
  started: Promise<ServerProcess>
}

/** A server that cannot finish its start yet. */
function begin(databaseUrl: string, env: Record<string, string> = {}): Starting {
  let output = ''
  const started = startServer({ databaseUrl, env, onOutput: (text) => (output = text) })
  started.catch(() => undefined)
  const lines = () =>
    output.split('\n').flatMap((line) => (line.includes('wait') ? [JSON.parse(line) as WaitLine] : []))
  return {
    started,
    waits: async (count) => {
      await expect.poll(() => lines().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(count)
      return lines()
    },
  }
}

async function session(databaseUrl: string, ...statements: string[]): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl, application_name: 'deploy job' })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  return client
}

const pidOf = async (client: Client) =>
  (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid

/** A role that may do everything with a database and nothing else. */
async function ordinaryUser(database: TestDatabase): Promise<string> {
  const name = `ordinary_${randomBytes(4).toString('hex')}`
  await database.query(`CREATE ROLE ${name} LOGIN PASSWORD 'ordinary'`)
  await database.query(`GRANT ALL ON SCHEMA public TO ${name}`)
  await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${name}`)
  return Object.assign(new URL(database.url), { username: name, password: 'ordinary' }).href
}

describe('a start that has to wait for the migration lock', () => {
  test('says who has it after a second and every ten seconds, and goes on when it is free', async () => {
    const database = await createTestDatabase()
    const holder = await session(database.url, `SELECT ${lock}`)
    const { waits, started } = begin(database.url)
    const [first, second] = await waits(2)
    expect(first).toMatchObject({
      msg: 'waiting for the migration lock, which another session has',
      holders: [
        { pid: await pidOf(holder), user: 'parley', applicationName: 'deploy job', client: '127.0.0.1', state: 'idle' },
      ],
    })
    expect(Date.parse(String(first!.holders[0]!.queryStartedAt))).toBeGreaterThan(Date.now() - 60_000)
    expect(first!.waitedMs).toBeGreaterThanOrEqual(1_000)
    expect(second!.waitedMs - first!.waitedMs).toBeGreaterThanOrEqual(10_000)
    await holder.end()
    expect((await fetch(new URL('/health/ready', (await started).url))).status).toBe(200)
  })

  test('says what it may see when its user has no right to see the rest', async () => {
    const database = await createTestDatabase()
    const holder = await session(database.url, `SELECT ${lock}`)
    const { waits, started } = begin(await ordinaryUser(database))
    const [line] = await waits(1)
    expect(line?.holders).toEqual([{ pid: await pidOf(holder), user: 'parley', applicationName: 'deploy job' }])
    await holder.end()
    await started
  })

  test('ends with one line when its time is over', async () => {
    const database = await createTestDatabase()
    const holder = await session(database.url, `SELECT ${lock}`)
    const { started } = begin(database.url, { MIGRATION_LOCK_TIMEOUT_MS: '300' })
    const failure = await started.then(String, (error: unknown) => String(error))
    const line = failure.split('\n').find((one) => one.startsWith('Parley did not start.'))
    expect(line).toContain(
      `the migration lock was not free within 300 ms. It is held by process ${String(await pidOf(holder))} (deploy job, user parley, from 127.0.0.1, idle`,
    )
    expect(line).not.toContain(new URL(inject('clusterUrl')).password)
    expect(failure).not.toMatch(/\n\s+at /)
    await holder.end()
  })
})

describe('a migration that has to wait for a lock', () => {
  test('says who has it, lets those behind it pass, and is applied when it is free', async () => {
    const database = await createTestDatabase()
    // As an older version left it: the newest migration is missing, and makes a column that must not be there yet.
    await database.query(`DELETE FROM _prisma_migrations WHERE migration_name = '20261125000001_presence'`)
    await database.query(
      'ALTER TABLE users DROP COLUMN last_seen_at, DROP COLUMN invisible, DROP COLUMN presence_sharing',
    )
    await database.query('DROP TYPE presence_sharing')
    const holder = await session(database.url, 'BEGIN', 'SELECT count(*) FROM users')
    const { waits, started } = begin(database.url)
    const [line] = await waits(1)
    expect(line).toMatchObject({
      msg: 'the migration 20261125000001_presence waits for what another session has locked',
      holders: [{ pid: await pidOf(holder), applicationName: 'deploy job', state: 'idle in transaction' }],
    })
    // Queued behind the migration, which waits for the holder; without its giving way this would never be answered.
    expect(await database.query('SELECT count(*)::int AS people FROM users')).toEqual([{ people: 0 }])
    await holder.query('COMMIT')
    await holder.end()
    await started
    expect(await database.query('SELECT invisible FROM users')).toEqual([])
  })
})
