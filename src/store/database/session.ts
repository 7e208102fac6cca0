import pg from 'pg'

/**
 * What our statements and pg's parsers rely on, whatever the database, the role or the address say: a name of PostgreSQL's
 * and its value. Any of them may have been changed by ALTER DATABASE or ALTER ROLE.
 */
export const reliedOn: Readonly<Record<string, string>> = {
  // A refused statement does not end the session.
  exit_on_error: 'off',
  // Names without a schema mean our tables and functions. pg_temp last, as it comes first when it is not named.
  search_path: 'public, pg_temp',
  // The functions read after they have waited for a lock what was committed meanwhile.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  client_encoding: 'UTF8',
  // How values are written, here and there. Prisma's adapter drops the offset of a time: it has to be none.
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  // How they are read: a NULL in an array, a backslash in a text, "= NULL".
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  row_security: 'on',
  check_function_bodies: 'on',
  // A search has all of its results.
  gin_fuzzy_search_limit: '0',
}

/** What is better so, and wrong in nothing otherwise. */
const preferred: Readonly<Record<string, string>> = {
  jit: 'off',
  plan_cache_mode: 'auto',
  client_min_messages: 'warning',
  // Milliseconds. Ours are never idle in a transaction, and idle between them as long as the pool likes.
  idle_in_transaction_session_timeout: '10000',
  lock_timeout: '0',
}

/** Not known to every PostgreSQL that there is. */
const whereKnown: Readonly<Record<string, string>> = { idle_session_timeout: '0', transaction_timeout: '0' }

/** A list of names, as search_path is one, is not a text. */
const set = (name: string, value: string) => `SET ${name} = ${name === 'search_path' ? value : `'${value}'`}`

const setWhereKnown = (name: string, value: string) =>
  `CASE WHEN pg_catalog.current_setting('${name}', true) IS NOT NULL THEN pg_catalog.set_config('${name}', '${value}', false) END`

/**
 * One text for all, sent by the simple protocol: one round trip, and SET is neither planned nor compiled. Whatever could cut
 * it off goes first; names of functions are whole, as search_path may begin with anything.
 */
function settlingText(settings: Record<string, string>): string {
  const { statement_timeout: statementTimeoutMs = '0', ...others } = { ...reliedOn, ...preferred, ...settings }
  return [
    'SET statement_timeout = 0',
    ...Object.entries(others).map(([name, value]) => set(name, value)),
    `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('session_replication_role') AS role,
      ${Object.entries(whereKnown)
        .map(([name, value]) => setWhereKnown(name, value))
        .join(', ')}`,
    set('statement_timeout', statementTimeoutMs),
  ].join(';')
}

export interface Settled {
  /**
   * Whether PostgreSQL's own number of this session is another one than we were told: something stands between that hands
   * out sessions of its own.
   */
  isPooled: boolean
}

/** The one way to name a PostgreSQL to connect to. Nothing but the name of the program goes before the first statement: PgBouncer refuses it. */
export function clientConfig(connectionString: string): pg.ClientConfig {
  return { connectionString, application_name: 'parley', keepAlive: true }
}

/** Whom an address means, for people: without user and password, as this ends up in logs. */
export function describeAddress(connectionString: string): string {
  const { host, port, database } = new pg.Client({ connectionString })
  return host.startsWith('/')
    ? `${host} (port ${String(port)})/${String(database)}`
    : `${host}:${String(port)}/${String(database)}`
}

interface SettledRow {
  pid: number
  role: string
}

const maxCuts = 5
const settleTimeoutMs = 1_000

/**
 * Makes new connections independent of how the database and the role are set up, each in one round trip. By statement and not
 * by startup parameters, which poolers refuse.
 */
export function createSettle(settings: Record<string, string> = {}): (client: pg.ClientBase) => Promise<Settled> {
  const text = settlingText(settings)
  const settle = async (client: pg.ClientBase, triesLeft: number): Promise<pg.QueryResult<SettledRow>[]> => {
    try {
      // pg has no type for what a text of several statements answers: a result for each.
      return (await client.query({
        text,
        query_timeout: settleTimeoutMs,
      } as pg.QueryConfig)) as unknown as pg.QueryResult<SettledRow>[]
    } catch (error) {
      // By a statement_timeout of next to nothing, which counts from the first of them on.
      const isCut = error instanceof pg.DatabaseError && error.code === '57014'
      if (!isCut || triesLeft === 0) throw error
      await client.query('SET statement_timeout = 0').catch(() => undefined)
      return settle(client, triesLeft - 1)
    }
  }
  return async (client) => {
    const results = await settle(client, maxCuts)
    const row = results.find(({ rows }) => rows.length > 0)?.rows[0]
    // Needs a right that nobody else has who could have changed it for us.
    if (row?.role !== 'origin') await client.query('SET session_replication_role = origin')
    return { isPooled: isPooled(client, row?.pid) }
  }
}

/** pg keeps what PostgreSQL said when the connection began, and has no type for it. */
export const isPooled = (client: pg.ClientBase, pid: number | undefined): boolean =>
  (client as pg.ClientBase & { processID: number | null }).processID !== pid
