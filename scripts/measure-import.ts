// How fast an import is, against a bare COPY of the same rows into tables with the same indexes, in one run.
// Run: npx tsx scripts/measure-import.ts [messages] [rounds]
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Client } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { largeBulk, writeLargeZip } from '../tests/import/large.ts'
import { median } from './median.ts'
import { withMigratedDatabase } from './temporary-database.ts'

const posts = Number(process.argv[2] ?? 100_000)
const roundCount = Number(process.argv[3] ?? 3)
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

/** Processor time of a process in ms, with or without that of those which it has begun and which have ended. */
function cpuMsOf(pid: number, withEnded: boolean): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  // In hundredths of a second: utime, stime, cutime, cstime.
  return fields.slice(11, withEnded ? 15 : 13).reduce((sum, ticks) => sum + Number(ticks) * 10, 0)
}

/** Answers the milliseconds that it took, with its start, the processor time of it, and the most memory that it had. */
const runImport = (databaseUrl: string, ...more: string[]) =>
  new Promise<{ ms: number; cpuMs: number; peakMb: number }>((resolve, reject) => {
    const script = join(import.meta.dirname, 'parley.mjs')
    const env = { ...process.env, DATABASE_URL: databaseUrl, PARLEY_DATA_DIR: folder }
    const begunAt = performance.now()
    const child = spawn(process.execPath, [script, 'import', zip, ...more], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    let peakMb = 0
    let cpuMs = 0
    const looking = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
        cpuMs = cpuMsOf(child.pid ?? 0, false)
        peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024)
      } catch {
        // It has just ended, or this system has no such file.
      }
    }, 50)
    child.once('exit', (code) => {
      clearInterval(looking)
      if (code === 0) resolve({ ms: performance.now() - begunAt, cpuMs, peakMb })
      else reject(new Error(`the import ended with ${String(code)}`))
    })
  })

async function measure(databaseUrl: string) {
  const { ms: readingMs } = await runImport(databaseUrl, '--dry-run')
  const client = new Client(databaseUrl)
  await client.connect()
  const { rows: found } = await client.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`)
  const postmaster = Number(readFileSync(join(found[0]?.folder ?? '', 'postmaster.pid'), 'utf8').split('\n', 1)[0])
  const postgresBeforeMs = cpuMsOf(postmaster, true)
  const { ms, cpuMs, peakMb } = await runImport(databaseUrl)
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM messages')
  // What has ended by now is the session of the import.
  const postgresMs = cpuMsOf(postmaster, true) - postgresBeforeMs
  await client.end()
  const messages = rows[0]?.count ?? 0
  return { messages, readingMs, ms, cpuMs, postgresMs, bareMs: await copyMs(databaseUrl), peakMb }
}

try {
  await writeLargeZip(zip, [{ name: 'import.jsonl', content: () => largeBulk(posts) }])
  const ratios: number[] = []
  const rates: number[] = []
  for (let round = 1; round <= roundCount; round += 1) {
    const [load = 0] = loadavg()
    const { messages, readingMs, ms, cpuMs, postgresMs, bareMs, peakMb } = await withMigratedDatabase(measure)
    const rate = (took: number) => Math.round(messages / (took / 1000))
    ratios.push(bareMs / ms)
    rates.push(rate(ms))
    console.log(
      `round ${round}: ${messages} messages. Import with its start and with reading the zip: ${rate(ms)} messages/s, ${Math.round(peakMb)} MB. ` +
        `Of its ${Math.round(ms)} ms a dry run takes ${Math.round(readingMs)}. Processor time: ${Math.round(cpuMs)} ms, of PostgreSQL ${Math.round(postgresMs)} ms. Bare COPY: ${rate(bareMs)} messages/s. ` +
        `Ratio: ${(bareMs / ms).toFixed(2)}. Load before: ${load.toFixed(1)}`,
    )
  }
  console.log(
    `Medians: ${median(rates)} messages/s, ratio ${median(ratios).toFixed(2)}, at least ${leastRatio.toFixed(2)}`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
