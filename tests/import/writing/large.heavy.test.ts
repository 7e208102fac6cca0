import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../testkit/database.ts'
import { effort } from '../../testkit/effort.ts'
import { largeBulk, writeLargeZip } from '../large.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-large-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})

interface Ended {
  code: number | null
  peakMb: number
  output: string
}

/** Runs it with little memory, and looks how much it has had: the kernel keeps the greatest value. */
function runWithin(maxHeapMb: number, args: string[]): Promise<Ended> {
  const script = join(import.meta.dirname, '../../../scripts/parley.mjs')
  const env = { PATH: process.env.PATH, DATABASE_URL: database.url, PARLEY_DATA_DIR: folder, NODE_ENV: 'test' }
  const child = spawn(process.execPath, [`--max-old-space-size=${maxHeapMb}`, script, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended: Ended = { code: null, peakMb: 0, output: '' }
  child.stdout.on('data', (part: Buffer) => {
    ended.output += part.toString()
  })
  const look = () => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      ended.peakMb = Math.max(ended.peakMb, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // It has just ended.
    }
  }
  const looking = setInterval(look, 100)
  return new Promise((resolve) =>
    child.once('close', (code) => {
      clearInterval(looking)
      resolve({ ...ended, code })
    }),
  )
}

const posts = effort(300_000, 40_000)

test(`${posts} messages in no order need less than 300 MB, and come in theirs`, async () => {
  const zip = join(folder, 'bulk.zip')
  await writeLargeZip(zip, [{ name: 'import.jsonl', content: () => largeBulk(posts) }])
  const { code, peakMb, output } = await runWithin(256, ['import', zip])
  expect([code, output]).toEqual([0, expect.stringContaining(`${posts * 1.1} messages + 0 skipped`)])
  expect(peakMb).toBeGreaterThan(20)
  expect(peakMb).toBeLessThan(300)
  const wrong = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM (SELECT created_at, lag(created_at) OVER (PARTITION BY conversation_id ORDER BY seq) AS before FROM messages) m
      WHERE before > created_at`,
  )
  expect(wrong).toEqual([{ count: 0 }])
  const [all] = await database.query<{ messages: number; heads: number; replies: number }>(
    `SELECT (SELECT count(*)::int FROM messages) AS messages, (SELECT sum(head_seq)::int FROM conversations) AS heads,
       (SELECT count(*)::int FROM messages WHERE reply_to_seq IS NOT NULL) AS replies`,
  )
  expect(all).toEqual({ messages: posts * 1.1, heads: posts * 1.1, replies: posts / 10 })
}, 900_000)

test('a zip of more than 4 GB is read in place, and what is too large in it is listed', async () => {
  const zip = join(folder, 'large.zip')
  const post = {
    team: 't',
    channel: 'c0',
    user: 'person1',
    message: 'look',
    create_at: 1,
    attachments: [{ path: 'film.bin' }],
  }
  await writeLargeZip(zip, [
    { name: 'data/film.bin', content: () => [], hole: 5 * 1024 ** 3 },
    { name: 'import.jsonl', content: () => [...largeBulk(10), `${JSON.stringify({ type: 'post', post })}\n`] },
  ])
  const { code, peakMb, output } = await runWithin(256, ['import', zip, '--source', 'large'])
  expect([code, output]).toEqual([2, expect.stringMatching(/12 messages[^]*attachment film.bin: it has more than/)])
  expect(peakMb).toBeLessThan(300)
})
