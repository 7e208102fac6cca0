import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Hub } from '../../../src/log/hub.ts'
import type { LogItem } from '../../../src/log/items.ts'
import type { LogRequest, ReadLog } from '../../../src/log/read.ts'
import type { ResumePoint } from '../../../src/log/resume-point.ts'
import { TrackedCursor } from '../../../src/log/tracked-cursor.ts'
import type { Watermark } from '../../../src/store/watermark.ts'
import { FakeLog, next, openHub, streamId } from '../../testkit/log.ts'
import { withRandom } from '../../testkit/random.ts'

const watermark = (xid: bigint): Watermark => ({ xid, mark: `w${xid}`, running: [] })

let log: FakeLog
let hub: Hub
/** While set, readings of the log wait. */
let hold: Promise<void> | null
let readCount: number
/** Most events that one reading gives. */
let maxRead: number
const readLog: ReadLog = async (request: LogRequest) => {
  readCount++
  await hold
  return log.read({ ...request, limit: Math.min(request.limit, maxRead) })
}

beforeEach(() => {
  log = new FakeLog()
  hold = null
  readCount = 0
  maxRead = Infinity
  hub = openHub(log, { readLog })
})

afterEach(() => {
  hub.close()
})

/** A look of the relay that is under way; what it answers ends it. */
const look = () => {
  const number = hub.watermarks.begin()
  return (xid: bigint | null, headEventSeq?: number) => {
    hub.watermarks.note(
      number,
      xid === null ? null : watermark(xid),
      headEventSeq === undefined ? [] : [{ streamId, headEventSeq }],
    )
  }
}

test('what a look finds while a stream is opened counts for those who read it: nobody passes a watermark untold', async () => {
  log.appendMany(4)
  let go = () => {}
  hold = new Promise((resolve) => (go = resolve))
  const cursor = new TrackedCursor(hub, readLog)
  // Its head is known, and what its reader has not got is read; meanwhile there is more, which the bus brings.
  const following = cursor.follow([{ streamId, afterSeq: 2 }])
  const found = look()
  await vi.waitFor(() => expect(readCount).toBe(1))
  for (const event of log.appendMany(4)) hub.offer(event)
  found(2n, 8)
  go()
  await following
  cursor.track({ point: { base: watermark(1n), sweep: null, exceptions: [] }, sweeps: [] })
  for (let seq = 3; seq <= 8; seq++) {
    // Nothing moved since.
    look()(BigInt(seq))
    const { event, point } = (await next(cursor))!
    expect(event!.seq).toBe(seq)
    expect(point!.base!.xid, `after event ${seq} of 8`).toBe(1n)
  }
  look()(9n)
  hub.offer(log.append())
  expect((await next(cursor))!.point).toMatchObject({ base: { xid: 9n }, exceptions: [{ streamId, seq: 9 }] })
})

test('what a look finds whose own watermark is of no use counts for those after it', async () => {
  const cursor = new TrackedCursor(hub, readLog)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  cursor.track({ point: { base: watermark(1n), sweep: null, exceptions: [] }, sweeps: [] })
  for (const event of log.appendMany(2)) hub.offer(event)
  look()(null, 2)
  look()(3n)
  expect((await next(cursor))!.point!.base!.xid).toBe(1n)
})

test('where the log gives less than a stream was opened for, nobody passes a watermark before the rest was told', async () => {
  log.appendMany(8)
  maxRead = 2
  const cursor = new TrackedCursor(hub, readLog)
  await cursor.follow([{ streamId, afterSeq: 2 }])
  cursor.track({ point: { base: watermark(1n), sweep: null, exceptions: [] }, sweeps: [] })
  let go = () => {}
  hold = new Promise((resolve) => (go = resolve))
  const points = [(await next(cursor))!.point!, (await next(cursor))!.point!]
  // Nothing moved since, and the reader has all that is in memory.
  look()(2n)
  expect(cursor.take()).toBeNull()
  expect(cursor.point!.base!.xid).toBe(1n)
  go()
  while (points.length < 6) points.push((await next(cursor))!.point!)
  expect(points.map(({ base }) => base!.xid)).toEqual([1n, 1n, 1n, 1n, 1n, 1n])
})

test('a reader whose next events retention took passes no watermark before it was told', async () => {
  log.appendMany(40)
  const cursor = new TrackedCursor(hub, readLog)
  await cursor.follow([{ streamId, afterSeq: 2 }])
  cursor.track({ point: { base: watermark(1n), sweep: null, exceptions: [] }, sweeps: [] })
  // Of the newest event nothing came but word that there is one, and it is gone as well.
  hub.announce(streamId, log.append().seq)
  log.expire(41)
  expect(cursor.take()).toBeNull()
  let go = () => {}
  hold = new Promise((resolve) => (go = resolve))
  await turn()
  expect(log.reads).toHaveLength(1)
  look()(2n)
  expect(cursor.take()).toBeNull()
  expect(cursor.point!.base!.xid).toBe(1n)
  go()
  const { lost, point } = (await next(cursor))!
  expect(lost).toMatchObject({ reason: 'EXPIRED', headEventSeq: 41 })
  expect(point!.base!.xid).toBe(1n)
})

test('who follows a stream again, whose loss they are still to be told, has no token that says so before', async () => {
  const otherId = '019a0000-0000-7000-8000-000000000002'
  log.appendMany(2)
  log.appendMany(30, otherId)
  const cursor = new TrackedCursor(hub, readLog)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  const lost = { streamId: otherId, reason: 'UNKNOWN_CURSOR', headEventSeq: 0, headMark: '0' } as const
  const steps = [
    { streamId, until: { seq: 2 } },
    { streamId: otherId, until: { seq: 0 }, lost },
  ]
  const sweep = { target: watermark(2n), upTo: '00000000-0000-0000-0000-000000000000' }
  cursor.track({ point: { base: watermark(1n), sweep, exceptions: [] }, sweeps: [{ target: watermark(2n), steps }] })
  expect((await next(cursor))!.event!.seq).toBe(1)
  // The event is of their joining.
  await cursor.follow([{ streamId: otherId, afterSeq: 28 }])
  expect((await next(cursor))!.point!.exceptions).toMatchObject([{ streamId, seq: 2 }])
  const told = (await next(cursor))!
  expect(told).toMatchObject({ lost, point: { exceptions: [{ streamId: otherId, seq: 28 }] } })
  for (const seq of [29, 30]) {
    expect((await next(cursor))!).toMatchObject({
      event: { seq },
      point: { base: { xid: 2n }, exceptions: [{ streamId: otherId, seq }] },
    })
  }
})

describe('a reader of many streams', () => {
  const ids = Array.from({ length: 25 }, (_, nth) => `019a0000-0000-7000-8000-0000000000${String(nth + 10)}`)
  /** At each watermark, how far the streams were. */
  let headsAt: Map<bigint, Map<string, number>>
  let told: Map<string, number>

  const headsNow = () => new Map(ids.map((id) => [id, log.head(id)]))

  const lookAround = () => {
    const xid = BigInt(headsAt.size)
    const before = headsAt.get(xid - 1n)!
    const number = hub.watermarks.begin()
    const heads = headsNow()
    headsAt.set(xid, heads)
    const moved = ids.filter((id) => heads.get(id) !== before.get(id))
    const found = moved.map((id) => ({ streamId: id, headEventSeq: heads.get(id)! }))
    for (const { streamId: id, headEventSeq } of found) hub.announce(id, headEventSeq)
    hub.watermarks.note(number, watermark(xid), found)
  }

  /** What was told of a stream, by this point alone. */
  const saidOf = ({ base, sweep, exceptions }: ResumePoint, id: string) =>
    exceptions.find((one) => one.streamId === id)?.seq ??
    headsAt.get((sweep && id <= sweep.upTo ? sweep.target : base!).xid)!.get(id)

  /** Whoever were cut off after this item and came back with its token would be told the next ones. */
  const note = ({ event, point }: LogItem) => {
    const { streamId: id, seq } = event!
    expect(seq).toBe(told.get(id)! + 1)
    told.set(id, seq)
    for (const [other, upTo] of told)
      expect(saidOf(point!, other), `of ${other} in ${JSON.stringify(point, asText)}`).toBe(upTo)
    return point!
  }
  const asText = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)

  const open = async () => {
    const cursor = new TrackedCursor(hub, readLog)
    told = headsNow()
    headsAt = new Map([[0n, headsNow()]])
    await cursor.follow(ids.map((id) => ({ streamId: id, afterSeq: log.head(id) })))
    cursor.track({ point: { base: watermark(0n), sweep: null, exceptions: [] }, sweeps: [] })
    return cursor
  }

  test('that comes to it late is told one after the other, and each token says what it was told', async () => {
    const cursor = await open()
    for (const id of ids.toReversed()) for (const event of log.appendMany(3, id)) hub.offer(event)
    lookAround()
    const points: ResumePoint[] = []
    while (points.length < ids.length * 3) points.push(note((await next(cursor))!))
    // It is nowhere said one by one of so many.
    expect(points.some(({ sweep }) => sweep !== null)).toBe(true)
    expect(Math.max(...points.map(({ exceptions }) => exceptions.length))).toBeLessThanOrEqual(16)
  })

  test('whatever happens while it reads or does not, each token says what it was told', async () => {
    await withRandom(async (random) => {
      const cursor = await open()
      let isReading = true
      for (let step = 0; step < 4_000; step++) {
        const choice = random.below(20)
        if (choice === 0) isReading = !isReading
        else if (choice < 9) {
          const event = log.append(random.pick(ids))
          // Or it is lost on the way, and found by a look.
          if (random.below(5) > 0) hub.offer(event)
        } else if (choice < 11) lookAround()
        else if (choice < 13) await turn()
        else if (isReading) {
          const item = cursor.take()
          if (item) note(item)
        }
      }
      lookAround()
      const heads = headsNow()
      while (ids.some((id) => told.get(id) !== heads.get(id))) note((await next(cursor))!)
    })
  })
})
