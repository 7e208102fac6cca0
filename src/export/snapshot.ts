// One moment of the database: a transaction that sees nothing of what comes after its begin, read by cursors, so that neither
// memory nor the running servers notice how much there is.
import { Client, type QueryResultRow } from 'pg'
import { ExportError } from './error.ts'

export interface Snapshot {
  takenAt: string
  rows: <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<Row[]>
  /** The same, some hundreds at a time. One at a time: a cursor is closed before the next one is opened. */
  stream: <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => AsyncGenerator<Row[]>
  close: () => Promise<void>
}

const rowsAtOnce = 500

export async function openSnapshot(connectionString: string): Promise<Snapshot> {
  const client = new Client({ connectionString, application_name: 'parley export', connectionTimeoutMillis: 10_000 })
  // Without a listener a lost connection would end the process; the next query says what happened.
  client.on('error', () => undefined)
  await client.connect().catch((cause: unknown) => {
    throw new ExportError(`The database does not answer: ${(cause as Error).message}`, { cause })
  })
  const rows: Snapshot['rows'] = async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(text, [...values])).rows
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    // A server's limits are for requests; JIT costs more than it saves here.
    await client.query(
      'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL jit = off',
    )
    const [begun] = await rows<{ at: string; table: string | null }>(
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, to_regclass('imported_people')::text AS table`,
    )
    if (begun?.table == null)
      throw new ExportError('The database has not the tables of this version: start the server once, which makes them.')
    return {
      takenAt: begun.at,
      rows,
      async *stream<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
        await client.query(`DECLARE export_rows NO SCROLL CURSOR FOR ${text}`, [...values])
        try {
          for (;;) {
            const part = await client.query<Row>(`FETCH ${rowsAtOnce} FROM export_rows`)
            if (part.rows.length === 0) return
            yield part.rows
          }
        } finally {
          await client.query('CLOSE export_rows')
        }
      },
      close: () => client.end(),
    }
  } catch (error) {
    await client.end()
    throw error
  }
}
