// How fast an import is, against a bare COPY of the same rows into tables with the same indexes, in one run.
// Run: npx tsx scripts/measure-import.ts [messages]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Client } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { largeBulk, writeLargeZip } from '../tests/import/large.ts'
import { withMigratedDatabase } from './temporary-database.ts'

const posts = Number(process.argv[2] ?? 100_000)
/** What a bare COPY does in a second, an import must do in three. */
const leastRatio = 1 / 3

const folder = mkdtempSync(join(tmpdir(), 'parley-measure-'))
const zip = join(folder, 'bulk.zip')

/** The rows of the import, copied out and in again: what PostgreSQL alone needs for them. */
async function copyMs(databaseUrl: string): Promise<number> {
  const [client, source] = [new Client(databaseUrl), new Client(databaseUrl)]
  await Promise.all([client.connect(), source.connect()])
  let ms = 0
  for (const table of ['messages', 'reaction_kinds', 'reactions']) {
    await client.query(`CREATE TABLE measured_${table} (LIKE ${table} INCLUDING ALL)`)
    const begunAt = performance.now()
    const rows = source.query(copyTo(`COPY (SELECT * FROM ${table}) TO STDOUT`))
    await pipeline(rows, client.query(copyFrom(`COPY measured_${table} FROM STDIN`)))
    ms += performance.now() - begunAt
  }
  await Promise.all([client.end(), source.end()])
  return ms
}

const runImport = (databaseUrl: string) =>
  new Promise<void>((resolve, reject) => {
    const script = join(import.meta.dirname, 'parley.mjs')
    const env = { ...process.env, DATABASE_URL: databaseUrl, PARLEY_DATA_DIR: folder }
    const child = spawn(process.execPath, [script, 'import', zip], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the import ended with ${String(code)}`))))
  })

try {
  await writeLargeZip(zip, [{ name: 'import.jsonl', content: () => largeBulk(posts) }])
  await withMigratedDatabase(async (databaseUrl) => {
    const begunAt = performance.now()
    await runImport(databaseUrl)
    const importMs = performance.now() - begunAt
    const client = new Client(databaseUrl)
    await client.connect()
    const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM messages')
    await client.end()
    const messages = rows[0]?.count ?? 0
    const bareMs = await copyMs(databaseUrl)
    const rate = (ms: number) => `${Math.round(messages / (ms / 1000))} messages/s`
    console.log(`${messages} messages. Import with reading the zip: ${rate(importMs)}. Bare COPY: ${rate(bareMs)}.`)
    console.log(`Ratio: ${(bareMs / importMs).toFixed(2)}, at least ${leastRatio.toFixed(2)}`)
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
