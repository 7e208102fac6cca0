// pg-copy-streams: of the maker of pg, and COPY is not in pg itself.
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type QueryResultRow } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { ImportError } from '../model.ts'

export type Values = readonly unknown[]

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const needsEscape = /[\\\t\n\r]/

/** A text as a value of COPY. */
export const copied = (text: string | null): string => {
  if (text === null) return '\\N'
  return needsEscape.test(text) ? text.replace(/[\\\t\n\r]/g, (sign) => escapes[sign] ?? sign) : text
}

export interface ImportDatabase {
  rows: <Row extends QueryResultRow>(text: string, values?: Values) => Promise<Row[]>
  /** All of it or nothing. */
  transaction: <T>(work: () => Promise<T>) => Promise<T>
  /** The same, for rows whose references are known to be there: they are not looked up again, where we may say so. */
  trustedTransaction: <T>(work: () => Promise<T>) => Promise<T>
  /** Rows by COPY: lines with values between tabs, as COPY has them. */
  copy: (table: string, columns: readonly string[], lines: string) => Promise<void>
  close: () => Promise<void>
}

/** Of this number there is one session in a database: what it has read of what is there stays right while it writes. */
const lockId = 1_769_108_595
/** What a killed import had begun is ended by PostgreSQL, which may take a moment: the next one begins behind it. */
const lockWaitMs = 30_000
const lockPollMs = 100

async function takeLock(rows: ImportDatabase['rows']): Promise<void> {
  const untilMs = performance.now() + lockWaitMs
  for (;;) {
    const [lock] = await rows<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [lockId])
    if (lock?.taken === true) return
    if (performance.now() > untilMs) break
    await delay(lockPollMs)
  }
  const [holder] = await rows<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1 AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [lockId],
  )
  throw new ImportError(
    `Another import writes to this database (process ${String(holder?.pid ?? 'unknown')} of PostgreSQL): wait until it has ended.`,
  )
}

/** One connection: an import is one after the other, and what it wrote is there when the process dies. */
export async function connect(connectionString: string): Promise<ImportDatabase> {
  const client = new Client({ connectionString, application_name: 'parley import', connectionTimeoutMillis: 10_000 })
  // Without a listener a lost connection would end the process; the next query says what happened.
  client.on('error', () => undefined)
  await client.connect().catch((cause: unknown) => {
    throw new ImportError(`The database does not answer: ${(cause as Error).message}`, { cause })
  })
  const rows: ImportDatabase['rows'] = async <Row extends QueryResultRow>(text: string, values: Values = []) =>
    (await client.query<Row>(text, [...values])).rows
  const [found] = await rows<{ table: string | null; isSuperuser: boolean }>(
    `SELECT to_regclass('imported_people')::text AS table, current_setting('is_superuser') = 'on' AS "isSuperuser"`,
  )
  if (found?.table == null) {
    await client.end()
    throw new ImportError('The database has not the tables of this version: start the server once, which makes them.')
  }
  await takeLock(rows).catch(async (error: unknown) => {
    await client.end()
    throw error
  })
  async function between<T>(begin: string, work: () => Promise<T>): Promise<T> {
    await client.query(begin)
    try {
      const result = await work()
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  }
  const trusted = found.isSuperuser ? 'BEGIN; SET LOCAL session_replication_role = replica' : 'BEGIN'
  return {
    rows,
    transaction: (work) => between('BEGIN', work),
    trustedTransaction: (work) => between(trusted, work),
    async copy(table, columns, lines) {
      await pipeline([lines], client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN`)))
    },
    close: () => client.end(),
  }
}
