import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, test, vi } from 'vitest'
import { ResyncDocument } from '../../sdk/src/generated/graphql.ts'
import { runningEmbeddedUrl } from '../../src/embedded/postgres.ts'
import { runParley } from '../import/parley.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { connect, signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

// Three servers and five commands start one after the other.
vi.setConfig({ testTimeout: 400_000 })

interface Sent {
  seq: number
  answeredAtMs: number
}

const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-drill-'))
  atEnd(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

test('the drill: backed up under load, gone on, destroyed, restored to a moment and to the end of the archive', async () => {
  const folder = newFolder()
  const [dataDir, archive, backup] = ['data', 'archive', 'backup'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const settings = { WAL_ARCHIVE_DIR: archive, WAL_ARCHIVE_TIMEOUT_SECONDS: '1', JWT_SECRET: '' }
  const live = await startServer({ redisUrl: null, env: { ...settings, PARLEY_DATA_DIR: dataDir } })
  const [ann, bob] = [await signUp(live.url), await signUp(live.url)]
  const conversation = await ann.startDirect(bob)
  const sent: Sent[] = []
  const load = { isOver: false }
  const sending = (async () => {
    for (let nth = 1; !load.isOver; nth++) {
      await ann.send(conversation, `m${String(nth)}`)
      sent.push({ seq: nth, answeredAtMs: Date.now() })
    }
  })().catch(() => undefined)
  const untilSent = (count: number) => expect.poll(() => sent.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(count)

  await untilSent(20)
  const taken = await runParley(['backup', '--out', backup, '--json'], { PARLEY_DATA_DIR: dataDir })
  expect(taken.errors).toBe('')
  expect(JSON.parse(taken.output)).toMatchObject({ method: 'files', format: 'parley-backup' })
  await untilSent(sent.length + 20)
  const momentMs = Date.now()
  await untilSent(sent.length + 20)
  const cursorAtTheEnd = (
    await bob.client.request(ResyncDocument, { cursors: [{ streamId: conversation, eventSeq: 0 }], limit: 1_000 })
  ).resync.streams[0]!.events.at(-1)!.cursor
  const before = sent.length
  // What was acknowledged by now is in this file of the log, which is archived while the load goes on.
  const database = new Client({ connectionString: runningEmbeddedUrl(dataDir)! })
  database.on('error', () => undefined)
  await database.connect()
  const { rows } = await database.query<{ file: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS file')
  await expect.poll(() => existsSync(join(archive, rows[0]!.file)), { timeout: 60_000 }).toBe(true)
  load.isOver = true
  const destroyedAtMs = Date.now()
  // PostgreSQL too: asked to stop it would archive what is left.
  process.kill(Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL')
  live.kill('SIGKILL')
  await live.exited
  await sending
  const secret = readFileSync(join(dataDir, 'jwt-secret'), 'utf8')
  // The one disk is gone: the backup and the archive are on another.
  rmSync(dataDir, { recursive: true, maxRetries: 20, retryDelay: 250 })

  const drill = async (name: string, more: string[]) => {
    const startedAtMs = Date.now()
    const to = join(folder, name)
    const run = await runParley(['restore', backup, '--to', to, '--wal', archive, '--json', ...more], {})
    expect(run.errors).toBe('')
    const report = JSON.parse(run.output) as { restoredUntil: string }
    expect(readFileSync(join(to, 'jwt-secret'), 'utf8')).toBe(secret)
    const server = await startServer({ redisUrl: null, env: { PARLEY_DATA_DIR: to, JWT_SECRET: '' } })
    // Whoever was logged in still is: the tokens are of the same key.
    const client = connect(server.url, () => bob.session.accessToken)
    const cursors = [{ streamId: conversation, eventSeq: 0 }, cursorAtTheEnd]
    const { resync } = await client.request(ResyncDocument, { cursors: [cursors[0]!], limit: 1_000 })
    const ahead = await client.request(ResyncDocument, { cursors: [cursorAtTheEnd], limit: 1_000 })
    const seqs = resync.streams[0]!.events.flatMap((event) =>
      event.__typename === 'MessageSent' ? [event.message.seq] : [],
    )
    await server.stop()
    return { seqs, ahead: ahead.resync.streams[0]?.events ?? [], report, tookMs: Date.now() - startedAtMs }
  }

  const toMoment = await drill('moment', ['--until', new Date(momentMs).toISOString()])
  const answeredBefore = sent.filter(({ answeredAtMs }) => answeredAtMs < momentMs).map(({ seq }) => seq)
  // Everything acknowledged before the moment, in order and once; at most what was just being answered comes besides.
  expect(toMoment.seqs.slice(0, answeredBefore.length)).toEqual(answeredBefore)
  expect(toMoment.seqs.length).toBeLessThanOrEqual(answeredBefore.length + 1)
  // Whoever was ahead is told.
  expect(toMoment.ahead).toMatchObject([{ __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' }])

  const toEnd = await drill('end', [])
  expect(toEnd.seqs).toEqual(toEnd.seqs.map((_, at) => at + 1))
  expect(toEnd.seqs.length).toBeGreaterThanOrEqual(before)
  const lost = sent.filter(({ seq }) => seq > toEnd.seqs.length)
  const lostMs = lost.length === 0 ? 0 : destroyedAtMs - lost[0]!.answeredAtMs
  console.log(
    `RPO ${String(lostMs)} ms (${String(lost.length)} of ${String(sent.length)} messages) with an archive timeout of 1 s; RTO ${String(toEnd.tookMs)} ms`,
  )
})

test('a backup is whole or not there, and goes where nothing is', async () => {
  const folder = newFolder()
  const env = { PARLEY_DATA_DIR: join(folder, 'data') }
  const out = join(folder, 'backup')
  // Nobody runs on it: it is started for the backup alone.
  expect((await runParley(['migrate', '--json'], { ...env, LOG_LEVEL: 'silent' })).code).toBe(0)
  const taken = await runParley(['backup', '--out', out], env)
  expect(taken.output).toMatch(/is a backup \(files\) as of .* MB\.\n$/)
  expect((await runParley(['backup', '--out', out], env)).errors).toMatch(/is there already/)
  const restored = await runParley(['restore', out, '--to', join(folder, 'second')], {})
  expect(restored.output).toMatch(/is restored\. Start the server with PARLEY_DATA_DIR=/)
  expect((await runParley(['restore', out, '--to', join(folder, 'second')], {})).errors).toMatch(/is there already/)
  expect((await runParley(['restore', folder], {})).errors).toMatch(/is no backup, or one that was not finished/)
  const early = await runParley(['restore', out, '--wal', folder, '--until', '2020-01-01T00:00:00Z'], {})
  expect(early.errors).toMatch(/after the end of the backup/)
})

test('of a database of its own: pg_dump, or one line that says what to install', async () => {
  const folder = newFolder()
  const database = await createTestDatabase()
  const out = join(folder, 'backup')
  const run = await runParley(['backup', '--method', 'dump', '--out', out], { DATABASE_URL: database.url })
  if (run.code !== 0) {
    // Debian's programs are older than this server, and pg_dump refuses a newer one.
    expect(run.errors).toMatch(
      /^There is no pg_dump of PostgreSQL \d+ or newer here: install postgresql-client-\d+\.\n$/,
    )
    return
  }
  const empty = await createTestDatabase('TEMPLATE template0')
  expect(await runParley(['restore', out], { DATABASE_URL: empty.url })).toMatchObject({ code: 0 })
  expect((await runParley(['restore', out], { DATABASE_URL: empty.url })).errors).toMatch(/has tables already/)
})
