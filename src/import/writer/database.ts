import { Client, type QueryResultRow } from 'pg'
import { ImportError } from '../model.ts'

export type Values = readonly unknown[]

export interface ImportDatabase {
  rows: <Row extends QueryResultRow>(text: string, values?: Values) => Promise<Row[]>
  /** All of it or nothing. */
  transaction: <T>(work: () => Promise<T>) => Promise<T>
  close: () => Promise<void>
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
  const [found] = await rows<{ table: string | null }>("SELECT to_regclass('imported_people')::text AS table")
  if (found?.table == null) {
    await client.end()
    throw new ImportError('The database has not the tables of this version: start the server once, which makes them.')
  }
  return {
    rows,
    async transaction(work) {
      await client.query('BEGIN')
      try {
        const result = await work()
        await client.query('COMMIT')
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined)
        throw error
      }
    },
    close: () => client.end(),
  }
}
