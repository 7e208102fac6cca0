import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { ensureCommand } from '../testkit/commands.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { requestEvents, ticketFor } from '../testkit/event-source.ts'
import { startTraffic } from '../testkit/persistent-traffic.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { presenceOf } from '../testkit/presence.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { createUpload, put, textFile } from '../testkit/uploads.ts'

/* Two machines, of which one's clock is 10 minutes ahead and the other's 10 minutes behind, and on which it jumps. */

const folder = mkdtempSync(join(tmpdir(), 'parley-clocks-'))
const files = { ahead: join(folder, 'ahead'), behind: join(folder, 'behind') }
const tenMinutesMs = 600_000

/** libfaketime looks into the file once a second. */
function setClock(file: string, offset: string): void {
  writeFileSync(file, `${offset}\n`)
}

/** What `faketime` itself would set for its child; the clock of durations stays true, as on a machine that is put right. */
function faked(file: string): Record<string, string> {
  ensureCommand('faketime', 'faketime')
  const { stdout } = spawnSync('faketime', ['-f', '+0', 'env'], { encoding: 'utf8' })
  const library = /^LD_PRELOAD=(.*)$/m.exec(stdout)?.[1] ?? ''
  const settings = { TIMESTAMP_FILE: file, CACHE_DURATION: '1', DONT_FAKE_MONOTONIC: '1' }
  const variables = Object.entries(settings).map(([name, value]) => [`FAKETIME_${name}`, value])
  return { LD_PRELOAD: library, ...(Object.fromEntries(variables) as Record<string, string>) }
}

const env = {
  METRICS_PORT: '0',
  LOG_LEVEL: 'info',
  HOUSEKEEPING_INTERVAL_MS: '200',
  EVENT_RETENTION_HOURS: '1',
  RELAY_INTERVAL_MS: '100',
}
let database: TestDatabase
let ahead: ServerProcess
let behind: ServerProcess
let ann: Person
let bob: Person
beforeAll(async () => {
  database = await createTestDatabase()
  setClock(files.ahead, '+600')
  setClock(files.behind, '-600')
  const start = (file: string) => startServer({ databaseUrl: database.url, env: { ...env, ...faked(file) } })
  ;[ahead, behind] = await Promise.all([start(files.ahead), start(files.behind)])
  ann = await signUp(behind.url)
  bob = await signUp(ahead.url)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const isNow = (time: string | Date | null | undefined, afterMs = 0) =>
  expect(Math.abs(new Date(time ?? 0).getTime() - afterMs - Date.now()), String(time)).toBeLessThan(60_000)
const serverTime = '{ server { time } }'

async function aheadBy(server: ServerProcess): Promise<number> {
  const line = JSON.parse(/^.*metrics are served.*$/m.exec(server.logs())?.[0] ?? '{}') as {
    data: Record<string, string>
  }
  const text = await (await fetch(`http://${line.data.host}:${line.data.port}/metrics`)).text()
  return Number(/^parley_clock_ahead_seconds (\S+)$/m.exec(text)?.[1] ?? NaN)
}

test('the clocks are really off, and the figure and a line of the log say by how much', async () => {
  await expect.poll(() => aheadBy(ahead)).toBeGreaterThan(595)
  await expect.poll(() => aheadBy(behind)).toBeLessThan(-595)
  for (const server of [ahead, behind]) await expect.poll(() => server.logs()).toContain('clock.differs')
  // Log lines are dated by the machine.
  expect(ahead.logs()).toMatch(
    new RegExp(`"timestamp":"${new Date(Date.now() + tenMinutesMs).toISOString().slice(0, 13)}`),
  )
})

test('tokens, tickets and addresses of one are good at the other, for as long as they say', async () => {
  isNow(ann.session.accessTokenExpiresAt, 15 * 60_000)
  isNow(bob.session.accessTokenExpiresAt, 15 * 60_000)
  for (const [person, url] of [
    [ann, ahead.url],
    [bob, behind.url],
  ] as const) {
    const { data, errors } = await ask<{ server: { time: string } }>(person.at(url), serverTime)
    expect(errors).toBeUndefined()
    isNow(data?.server.time)
  }
  const conversation = await ann.startDirect(bob)
  const query = 'subscription ($id: ID!) { conversationEvents(conversationId: $id) { __typename } }'
  for (const [person, url] of [
    [ann, ahead.url],
    [bob, behind.url],
  ] as const) {
    const { search, expiresAt } = await ticketFor(person, { query, variables: { id: conversation } })
    isNow(expiresAt, 60_000)
    const stream = await requestEvents(url + search)
    await stream.waitFor(({ lastEventId }) => lastEventId !== '')
    expect(stream.status).toBe(200)
    stream.cut()
    const file = textFile('From another clock')
    const upload = await createUpload(person, file)
    const uploadUrl = upload.uploadUrl.replace(new URL(person.url).origin, new URL(url).origin)
    expect((await put({ ...upload, uploadUrl }, file.bytes)).status).toBeLessThan(300)
  }
})

test('who was there a moment ago was there a moment ago', async () => {
  const direct = await ann.startDirect(bob)
  const phone = await bob.on('phone', 'MOBILE').conversationEvents(direct)
  for (const url of [ahead.url, behind.url])
    await expect.poll(() => presenceOf(ann.at(url), bob), { timeout: 20_000 }).toMatchObject({ status: 'ONLINE' })
  phone.cut()
  await expect.poll(() => presenceOf(ann, bob), { timeout: 60_000 }).toMatchObject({ status: 'OFFLINE' })
  for (const url of [ahead.url, behind.url]) isNow((await presenceOf(ann.at(url), bob)).lastSeenAt)
})

test('events leave the log at their age, and not ten minutes early or late', async () => {
  const group = await ann.createGroup([bob])
  for (const text of ['old', 'nearly', 'new']) await bob.send(group, text)
  const age = (seq: number, minutes: number) =>
    database.query(
      'UPDATE events SET occurred_at = occurred_at - make_interval(mins => $3) WHERE stream_id = $1 AND seq <= $2',
      [keyOf(group), seq, minutes],
    )
  const seqs = async () =>
    (
      await database.query<{ seq: number }>('SELECT seq FROM events WHERE stream_id = $1 ORDER BY seq', [keyOf(group)])
    ).map(({ seq }) => seq)
  const [first = 0, ...others] = await seqs()
  // The first is 65 minutes old and the others 55.
  await age(first + others.length, 55)
  await age(first, 10)
  await expect.poll(seqs).toEqual(others)
  // Whichever of the two does the housekeeping does it a few times more.
  await sleep(2_000)
  expect(await seqs()).toEqual(others)
})

test('while the clocks jump by 20 minutes, back and forth, nobody misses anything, gets it twice, out of order or is cut off', async () => {
  const traffic = await startTraffic([ahead.url, behind.url])
  await traffic.more(30)
  setClock(files.ahead, '-600')
  setClock(files.behind, '+600')
  await expect.poll(() => aheadBy(ahead), { timeout: 20_000 }).toBeLessThan(-595)
  await expect.poll(() => aheadBy(behind), { timeout: 20_000 }).toBeGreaterThan(595)
  await traffic.more(30)
  // A token from before is good at both.
  for (const url of [ahead.url, behind.url]) {
    const { data, errors } = await ask<{ server: { time: string } }>(ann.at(url), serverTime)
    expect(errors).toBeUndefined()
    isNow(data?.server.time)
  }
  for (const file of [files.ahead, files.behind]) setClock(file, '+0')
  for (const server of [ahead, behind]) {
    await expect.poll(async () => Math.abs(await aheadBy(server)), { timeout: 20_000 }).toBeLessThan(2)
    await expect.poll(() => server.logs(), { timeout: 20_000 }).toContain('clock.agrees')
  }
  await traffic.more(30)
  expect(await traffic.expectNothingLostOrRepeated()).toBeGreaterThanOrEqual(90)
  expect(traffic.readers.flatMap(({ closeCodes }) => closeCodes)).toEqual([])
  // And they are dated in order, by one clock.
  for (const { events } of traffic.readers) {
    const times = events.map(({ occurredAt }) => new Date(occurredAt).getTime())
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    isNow(events.at(-1)?.occurredAt)
  }
})
