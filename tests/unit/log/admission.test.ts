import { beforeEach, expect, test } from 'vitest'
import { createReadLog, type ReadLog } from '../../../src/log/read.ts'
import type { EventsRequest, EventStore } from '../../../src/store/events.ts'
import { FakeLog } from '../../testkit/log.ts'

/** The database: answers a statement when it is told to, and cuts a stretch off after so many events. */
class SlowStore {
  readonly statements: EventsRequest[][] = []
  eventsPerStretch = Infinity
  private readonly answers: (() => void)[] = []

  constructor(private readonly log: FakeLog) {}

  readonly read: EventStore['read'] = async (requests) => {
    this.statements.push([...requests])
    await new Promise<void>((resolve) => this.answers.push(resolve))
    const results = await Promise.all(requests.map(this.log.read))
    return results.map((events) => events.slice(0, this.eventsPerStretch))
  }

  get underWay() {
    return this.answers.length
  }

  async answer() {
    this.answers.shift()?.()
    await turn()
  }

  async answerAll() {
    await turn()
    while (this.answers.length > 0) await this.answer()
  }
}

let log: FakeLog
let store: SlowStore
let readLog: ReadLog

beforeEach(() => {
  log = new FakeLog()
  store = new SlowStore(log)
  readLog = createReadLog({ read: store.read } as EventStore)
})

/** What was asked for is under way after this. */
async function turn() {
  for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve))
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const streams = (count: number) => range(1, count).map((number) => `stream ${String(number)}`)
const seqs = (events: { seq: number }[]) => events.map(({ seq }) => seq)
const page = (streamId: string, afterSeq: number, limit = 100) => readLog({ streamId, afterSeq, limit })

test('1,000 readers that come in turns of their own to the same stretch are read for once, and those who come meanwhile once more', async () => {
  log.appendMany(50, 'room')
  const early = range(1, 400).map((index) => page('room', index % 7))
  await turn()
  const late: Promise<{ seq: number }[]>[] = []
  for (const index of range(1, 600)) {
    late.push(page('room', index % 7))
    if (index % 50 === 0) await turn()
  }
  await store.answerAll()
  expect(store.statements).toHaveLength(2)
  const pages = await Promise.all([...early, ...late])
  for (const [index, events] of pages.entries()) {
    expect(seqs(events)).toEqual(range((((index < 400 ? index : index - 400) + 1) % 7) + 1, 50))
  }
  // The same objects for all: what is computed for an event is computed once.
  expect(new Set(pages.slice(0, 400).map((events) => events.at(-1)))).toHaveProperty('size', 1)
})

test('what is read is newer than the asking: nobody is answered by a statement that was under way', async () => {
  log.appendMany(3, 'room')
  const before = page('room', 0)
  await turn()
  const sent = log.append('room')
  const after = page('room', 0)
  await store.answerAll()
  expect((await before).length).toBeGreaterThanOrEqual(3)
  expect((await after).at(-1)?.seq).toBe(sent.seq)
  expect(store.statements).toHaveLength(2)
})

test('at most two statements are under way, each bounded in rows, and everybody is served', async () => {
  for (const streamId of streams(200)) log.appendMany(2, streamId)
  const pages = streams(200).map((streamId) => page(streamId, 0))
  await turn()
  expect(store.underWay).toBe(2)
  await store.answerAll()
  for (const events of await Promise.all(pages)) expect(seqs(events)).toEqual([1, 2])
  for (const requests of store.statements) {
    expect(requests.reduce((sum, { limit }) => sum + limit, 0)).toBeLessThanOrEqual(2_000)
  }
  expect(store.statements).toHaveLength(10)
})

test('who asked for what a stretch was cut off before is served by the next one', async () => {
  log.appendMany(90, 'room')
  store.eventsPerStretch = 10
  const first = page('room', 0)
  const others = [45, 9, 80].map((afterSeq) => page('room', afterSeq))
  await store.answerAll()
  expect(seqs(await first)).toEqual(range(1, 10))
  expect(seqs(await others[1]!)).toEqual([10])
  expect(seqs(await others[0]!)).toEqual(range(46, 55))
  expect(seqs(await others[2]!)).toEqual(range(81, 90))
})

test('a reader of a stream that many read does not hold up one of another stream', async () => {
  log.appendMany(10_000, 'busy')
  log.appendMany(1, 'quiet')
  const served: string[] = []
  const note = (name: string) => (events: unknown[]) => {
    if (events.length > 0) served.push(name)
  }
  for (const index of range(0, 99)) void page('busy', index * 100).then(note('busy'))
  await turn()
  void page('quiet', 0).then(note('quiet'))
  await store.answerAll()
  expect(served).toHaveLength(101)
  expect(served.indexOf('quiet')).toBeLessThan(41)
})

test('gaps of live streams go before those who catch up, and leave them a part', async () => {
  for (const streamId of [...streams(100), 'gap']) log.appendMany(5, streamId)
  const catchUps = streams(100).map((streamId) => page(streamId, 0))
  await turn()
  const gaps = streams(30).map((streamId) => readLog({ streamId, afterSeq: 4, limit: 200, isGap: true }))
  await store.answer()
  const next = store.statements[2]!
  expect(next.filter(({ limit }) => limit === 200).length).toBeGreaterThanOrEqual(7)
  expect(next.filter(({ limit }) => limit === 100).length).toBeGreaterThanOrEqual(4)
  await store.answerAll()
  for (const events of await Promise.all(gaps)) expect(seqs(events)).toEqual([5])
  expect(await Promise.all(catchUps)).toHaveLength(100)
})

test('a failed statement fails those it was for, and nobody else', async () => {
  log.appendMany(1, 'a')
  log.appendMany(1, 'b')
  const failing = page('a', 0)
  await turn()
  log.failures = 1
  const other = page('b', 0)
  await turn()
  await expect(Promise.all([store.answerAll(), failing])).rejects.toThrow('the log cannot be read')
  await store.answerAll()
  expect(seqs(await other)).toEqual([1])
  const again = page('a', 0)
  await store.answerAll()
  expect(seqs(await again)).toEqual([1])
})

test('nothing after a place that retention is at work on is given', async () => {
  log.appendMany(6, 'a')
  const readGap = createReadLog({
    read: async ([request]: EventsRequest[]) => [(await log.read(request!)).filter(({ seq }) => seq !== 3)],
  } as unknown as EventStore)
  expect(seqs(await readGap({ streamId: 'a', afterSeq: 0, limit: 10 }))).toEqual([1, 2])
})
