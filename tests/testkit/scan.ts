import { Redis } from 'ioredis'
import type { TestDatabase } from './database.ts'

/** A word as text, and as a bytea column shows it. */
const spellings = (words: readonly string[]) => words.flatMap((word) => [word, Buffer.from(word).toString('hex')])

/** Every row of every table, as text, that contains one of these words in any case. */
export async function rowsWith(database: TestDatabase, words: readonly string[]): Promise<string[]> {
  const tables = await database.query<{ name: string }>(
    `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(
      `SELECT t::text AS row FROM ${name} t WHERE EXISTS (
        SELECT FROM unnest($1::text[]) AS word WHERE strpos(lower(t::text), lower(word)) > 0)`,
      [spellings(words)],
    )
    found.push(...rows.map(({ row }) => `${name}: ${row}`))
  }
  return found
}

/** Every key of a Redis whose name or value contains one of these words. */
export async function redisKeysWith(url: string, words: readonly string[]): Promise<string[]> {
  const redis = new Redis(url)
  const found: string[] = []
  for (const key of await redis.keys('*')) {
    // As Redis writes it to a file: the same for all types, and short texts are not compressed.
    const dump = (await redis.dumpBuffer(key)).toString('latin1')
    if (words.some((word) => key.includes(word) || dump.includes(word))) found.push(key)
  }
  await redis.quit()
  return found
}
