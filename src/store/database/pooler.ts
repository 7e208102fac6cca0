import pg from 'pg'
import { clientConfig, reliedOn } from './session.ts'

/** Each connection has a session of PostgreSQL's to itself; or it gets one for each transaction. */
export type Pooling = 'by session' | 'by transaction'

/** A pooler that cannot be worked with. The message is one line that says what to do about it. */
export class PoolerError extends Error {
  override name = 'PoolerError'
}

/** Milliseconds. Of a pooler that has no session for us for so long nothing can be learnt. */
const patienceMs = 1_500
/** Chance decides which session a pooler hands out; the last one that was given back is the usual choice. */
const rounds = 3

const sharedWithoutStatements =
  'a pooler stands before PostgreSQL that shares its sessions (pool_mode transaction) and does not keep prepared statements apart. Use pool_mode session, a PgBouncer of 1.21 or newer with max_prepared_statements set, or the address of PostgreSQL itself'

class Late extends Error {}

async function inTime<T>(asking: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Late('no session in time'))
    }, patienceMs)
  })
  try {
    return await Promise.race([asking, late])
  } finally {
    clearTimeout(timer)
    asking.catch(() => undefined)
  }
}

const ask = async (client: pg.Client, sql: string): Promise<Record<string, unknown>> =>
  // A text without values goes by the simple protocol, which names no statement.
  (await inTime(client.query<Record<string, unknown>>(sql))).rows[0] ?? {}

const pidOf = (client: pg.Client) => ask(client, 'SELECT pg_catalog.pg_backend_pid() AS pid').then(({ pid }) => pid)

/** Whether two connections that are open at once have met in one session, or one of them had two. */
async function areShared(one: pg.Client, other: pg.Client): Promise<boolean> {
  try {
    for (let round = 0; round < rounds; round++) {
      const before = await pidOf(one)
      // Keeps what it gets while the first one asks again, if that is not the only one there is.
      await ask(other, 'BEGIN')
      const isSame = (await pidOf(other)) === before
      const isAnother = !isSame && (await pidOf(one)) !== before
      await ask(other, 'COMMIT')
      if (isSame || isAnother) return true
    }
  } catch (error) {
    // Where sessions are shared there is always one in a moment: somebody, and be it we, keeps them all.
    if (error instanceof Late) return false
    throw error
  }
  return false
}

async function keepsStatements(one: pg.Client, other: pg.Client): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    const statement = { name: `parley_probe_${String(round)}`, text: 'SELECT 1' }
    try {
      await inTime(one.query(statement))
      await ask(other, 'BEGIN')
      await inTime(other.query(statement))
      await inTime(one.query(statement))
      await ask(other, 'COMMIT')
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error
      return false
    }
  }
  return true
}

/** In a session that is shared nothing may be set, so that it has to be right as it comes. */
async function refuseWrongSettings(client: pg.Client): Promise<void> {
  const names = Object.keys(reliedOn)
  const row = (await ask(
    client,
    `SELECT ${names.map((name) => `pg_catalog.current_setting('${name}', true) AS "${name}"`).join(', ')}, current_user AS "user"`,
  )) as Record<string, string | null>
  // Beside another order of day and month in what is read, which we never write.
  const right = (name: string) =>
    row[name] === null || row[name] === reliedOn[name] || (name === 'DateStyle' && row[name]?.startsWith('ISO,'))
  const wrong = names.filter((name) => !right(name))
  if (wrong.length === 0) return
  const settings = wrong.map((name) => `ALTER ROLE "${String(row.user)}" SET ${name} = ${literalOf(name)}`)
  throw new PoolerError(
    `a pooler stands before PostgreSQL that shares its sessions (pool_mode transaction), where Parley can set nothing, and these are set otherwise than it needs. Run: ${settings.join('; ')}`,
  )
}

const literalOf = (name: string) =>
  // A list of names is no text.
  name === 'search_path' ? reliedOn.search_path : `'${reliedOn[name] ?? ''}'`

/**
 * Finds out how what stands before PostgreSQL hands out its sessions, by watching it. Rejects with PoolerError when that
 * cannot work: a named statement would be missing, or be another one, at any moment.
 */
export async function probePooler(connectionString: string): Promise<Pooling> {
  const clients = [0, 1].map(
    () => new pg.Client({ ...clientConfig(connectionString), connectionTimeoutMillis: patienceMs }),
  )
  const [one, other] = clients as [pg.Client, pg.Client]
  try {
    for (const client of clients) {
      client.on('error', () => undefined)
      await client.connect()
    }
    try {
      if (!(await areShared(one, other))) return 'by session'
    } catch (error) {
      // pool_mode statement lets nobody begin a transaction.
      if (error instanceof pg.DatabaseError && error.code === '08P01') throw new PoolerError(sharedWithoutStatements)
      throw error
    }
    if (!(await keepsStatements(one, other))) throw new PoolerError(sharedWithoutStatements)
    await refuseWrongSettings(one)
    return 'by transaction'
  } finally {
    for (const client of clients) void client.end().catch(() => undefined)
  }
}
