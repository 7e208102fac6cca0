import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cursor } from '../../../src/log/cursor.ts'
import type { LogItem } from '../../../src/log/items.ts'
import { createHub, type Hub } from '../../../src/log/hub.ts'
import { FakeBus, FakeLog, markOf, next, streamId } from '../../testkit/log.ts'

const otherId = '019a0000-0000-7000-8000-000000000002'
const ringSize = 8
let log: FakeLog
let hub: Hub

beforeEach(() => {
  log = new FakeLog()
  hub = createHub({
    bus: new FakeBus(),
    events: log.store,
    readLog: log.read,
    ringSize,
    ringMemoryByteSize: 1_048_576,
    logger: pino({ level: 'silent' }),
  })
})

afterEach(() => {
  vi.useRealTimers()
  hub.close()
})

const follow = async (afterSeq: number, stream = streamId): Promise<Cursor> => {
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId: stream, afterSeq }])
  return cursor
}

const take = async (cursor: Cursor, count: number): Promise<LogItem[]> => {
  const items: LogItem[] = []
  while (items.length < count) items.push((await next(cursor))!)
  return items
}

const seqsOf = (items: LogItem[]) => items.map(({ event }) => event?.seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

test('a reader replays from its cursor and goes live without a gap or a repeat', async () => {
  log.appendMany(250)
  const cursor = await follow(3)
  const replayed = take(cursor, 300 - 3)
  for (const event of log.appendMany(50)) hub.offer(event)
  expect(seqsOf(await replayed)).toEqual(range(4, 300))
  const live = next(cursor)
  hub.offer(log.append())
  expect((await live)?.event?.seq).toBe(301)
})

test('readers within the ring share it: live events cost no reading of the log', async () => {
  const cursors = await Promise.all(range(1, 20).map(() => follow(0)))
  for (const event of log.appendMany(ringSize)) hub.offer(event)
  for (const cursor of cursors) expect(seqsOf(await take(cursor, ringSize))).toEqual(range(1, ringSize))
  expect(log.reads).toEqual([])
})

test('a reader that fell behind the ring reads on from the log and misses nothing', async () => {
  const slow = await follow(0)
  const fast = await follow(0)
  for (let count = 1; count <= 500; count++) {
    hub.offer(log.append())
    expect((await next(fast))?.event?.seq).toBe(count)
    if (count % 100 === 0) expect((await next(slow))?.event?.seq).toBe(count / 100)
  }
  expect(seqsOf(await take(slow, 495))).toEqual(range(6, 500))
  // The fast one never needed it.
  expect(log.reads.every(({ afterSeq }) => afterSeq < 500 - ringSize)).toBe(true)
})

test('a reader whose next event retention took is told that it lost its place, and goes on live', async () => {
  log.appendMany(30)
  log.expire(20)
  const cursor = await follow(5)
  expect(await next(cursor)).toEqual({ lost: { streamId, reason: 'EXPIRED', headEventSeq: 30, headMark: markOf(30) } })
  hub.offer(log.append())
  expect((await next(cursor))?.event?.seq).toBe(31)
})

test.each([
  { removedUpTo: 300, what: 'a part of them' },
  { removedUpTo: 404, what: 'all of them' },
])(
  'a reader behind a stream that is catching up is told once when retention takes what both need: $what',
  async ({ removedUpTo }) => {
    log.appendMany(4)
    await follow(4)
    log.appendMany(400)
    log.expire(removedUpTo)
    hub.announce(streamId, 404)
    const cursor = await follow(1)
    expect(await next(cursor)).toEqual({
      lost: { streamId, reason: 'EXPIRED', headEventSeq: 404, headMark: markOf(404) },
    })
    hub.offer(log.append())
    expect((await next(cursor))?.event?.seq).toBe(405)
  },
)

test('a page that a slow reader holds shows no text that was deleted since, however much came after it', async () => {
  log.appendMany(4)
  for (const more of [0, 1, ringSize, 3 * ringSize]) {
    const [first, second] = log.appendMany(2)
    const cursor = await follow(first!.seq - 1)
    expect((await next(cursor))?.event?.seq).toBe(first!.seq)
    hub.offer(log.remove(second!.messageSeq!))
    for (const event of log.appendMany(more)) hub.offer(event)
    const { event } = (await next(cursor))!
    expect(event).toMatchObject({ seq: second!.seq, message: { text: null } })
    expect(seqsOf(await take(cursor, more + 1))).toEqual(range(second!.seq + 1, second!.seq + 1 + more))
    cursor.end()
  }
})

test('several streams are each read in order, and one with much to read does not hold up the others for good', async () => {
  log.appendMany(1_000)
  log.appendMany(3, otherId)
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([
    { streamId, afterSeq: 0 },
    { streamId: otherId, afterSeq: 0 },
  ])
  const items = await take(cursor, 1_003)
  const of = (stream: string) => seqsOf(items.filter(({ event }) => event?.streamId === stream))
  expect(of(streamId)).toEqual(range(1, 1_000))
  expect(of(otherId)).toEqual([1, 2, 3])
  const places = items.flatMap(({ event }, place) => (event?.streamId === otherId ? [place] : []))
  expect(places.at(-1)).toBeLessThan(500)
})

test('a stream that is no longer followed gives nothing more, not even what was read already', async () => {
  log.appendMany(5)
  log.append(otherId)
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([
    { streamId, afterSeq: 0 },
    { streamId: otherId, afterSeq: 1 },
  ])
  await take(cursor, 2)
  cursor.unfollow(streamId)
  hub.offer(log.append(otherId))
  expect((await next(cursor))?.event).toMatchObject({ streamId: otherId, seq: 2 })
  expect(hub.openStreamCount).toBe(1)
})

test('closing settles a reader that waits, at once, and leaves nothing open', async () => {
  const cursor = await follow(0)
  const waiting = next(cursor)
  cursor.end()
  cursor.end()
  expect(await waiting).toBeNull()
  expect(await next(cursor)).toBeNull()
  expect(hub.openStreamCount).toBe(0)

  const closedWhileOpening = new Cursor(hub, log.read)
  const following = closedWhileOpening.follow([{ streamId, afterSeq: 0 }])
  closedWhileOpening.end()
  await following
  expect(hub.openStreamCount).toBe(0)
})

test('a reader that knows more than was announced here reads on from there', async () => {
  const first = await follow(0)
  log.appendMany(3)
  // It came with a cursor from another process, whose events have not arrived yet.
  const second = await follow(2)
  expect((await next(second))?.event?.seq).toBe(3)
  expect(seqsOf(await take(first, 3))).toEqual([1, 2, 3])
})

test('a reader waits out a log that cannot be read, and then misses nothing', async () => {
  vi.useFakeTimers()
  log.appendMany(ringSize + 1)
  const cursor = await follow(0)
  log.failures = 3
  const items = take(cursor, ringSize + 1)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(seqsOf(await items)).toEqual(range(1, ringSize + 1))
  expect(log.reads).toHaveLength(4)
})

test('what is loaded for an event is shared by those who read it as of the same newest event, and by nobody after that', async () => {
  const takeOne = async () => {
    const cursor = await follow(0)
    const { event, asOf } = (await next(cursor))!
    expect(event?.seq).toBe(1)
    return asOf
  }
  const keeping = await follow(0)
  for (const event of log.appendMany(3)) hub.offer(event)
  const asOf = await takeOne()
  expect(asOf?.seq).toBe(3)
  expect(await takeOne()).toBe(asOf)
  expect((await next(keeping))?.asOf).toBe(asOf)
  const later = log.append()
  hub.offer(later)
  expect((await next(keeping))?.asOf).toBe(later)
  expect(await takeOne()).toBe(later)
})

test('a page that was read before an erasure is read again after it', async () => {
  log.appendMany(20)
  const cursor = await follow(0)
  expect((await next(cursor))?.event?.message?.text).toBe('text 1')
  // The page that the cursor holds has all 20 texts. The erasure takes them away, and says so with one event.
  const erased = log.erase()
  hub.offer(erased)
  const items = await take(cursor, 20)
  expect(seqsOf(items)).toEqual(range(2, 21))
  expect(items.map(({ event }) => event?.message?.text ?? null)).toEqual(range(2, 21).map(() => null))
})

test('readers of a log that has another history by now are told so once, and go on from its head, wherever they stood', async () => {
  const atTheTip = await follow(0)
  for (const event of log.appendMany(ringSize * 2)) hub.offer(event)
  await take(atTheTip, ringSize * 2)
  const [behind, far] = [await follow(ringSize + 2), await follow(0)]
  expect(seqsOf(await take(behind, 1))).toEqual([ringSize + 3])
  expect(seqsOf(await take(far, 1))).toEqual([1])
  const waiting = next(atTheTip)
  log.truncate(ringSize)
  const event = log.append()
  // Another event of a number that was served.
  hub.offer({ ...event, mark: 'other' })
  const lost = { streamId, reason: 'UNKNOWN_CURSOR', headEventSeq: event.seq, headMark: event.mark }
  expect(await waiting).toEqual({ lost })
  expect(await take(behind, 1)).toEqual([{ lost }])
  expect(await take(far, 1)).toEqual([{ lost }])
  hub.offer(log.append())
  for (const cursor of [atTheTip, behind, far]) expect(seqsOf(await take(cursor, 1))).toEqual([event.seq + 1])
})

test('a stream whose head cannot be read just then starts over when it can', async () => {
  vi.useFakeTimers()
  log.appendMany(3)
  const cursor = await follow(3)
  const waiting = next(cursor)
  log.truncate(1)
  await hub.verify()
  log.failures = 1
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await waiting).toMatchObject({ lost: { reason: 'UNKNOWN_CURSOR', headEventSeq: 1 } })
})

test('an event that does not follow the one before it shows another history, though nobody heard of the numbers between', async () => {
  log.appendMany(5)
  const atTheTip = await follow(5)
  const waiting = next(atTheTip)
  log.truncate(3)
  log.appendMany(2)
  // The first that is heard of the new history has the very number that is expected next.
  hub.offer(log.append())
  const lost = { streamId, reason: 'UNKNOWN_CURSOR', headEventSeq: 6, headMark: log.headMark() }
  expect(await waiting).toEqual({ lost })
  hub.offer(log.append())
  expect(seqsOf(await take(atTheTip, 1))).toEqual([7])
})

test('a reader that catches up from the log is told when what it reads does not follow what it has', async () => {
  log.appendMany(ringSize * 2)
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId, afterSeq: 5, mark: markOf(5) }])
  log.truncate(3)
  log.appendMany(ringSize * 2)
  const lost = { streamId, reason: 'UNKNOWN_CURSOR', headEventSeq: log.head(), headMark: log.headMark() }
  expect(await take(cursor, 1)).toEqual([{ lost }])
  hub.offer(log.append())
  expect(seqsOf(await take(cursor, 1))).toEqual([log.head()])
})

test('what is verified and still there goes on, without a word to its readers', async () => {
  log.appendMany(5)
  const cursor = await follow(5)
  log.truncate(5)
  await hub.verify()
  hub.offer(log.append())
  expect(seqsOf(await take(cursor, 1))).toEqual([6])
})
