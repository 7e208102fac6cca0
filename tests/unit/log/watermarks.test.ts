import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHub, type Hub } from '../../../src/log/hub.ts'
import type { LogRequest, ReadLog } from '../../../src/log/read.ts'
import { TrackedCursor } from '../../../src/log/tracked-cursor.ts'
import type { Watermark } from '../../../src/store/watermark.ts'
import { FakeBus, FakeLog, next, streamId } from '../../testkit/log.ts'

const watermark = (xid: bigint): Watermark => ({ xid, mark: `w${xid}`, running: [] })

let log: FakeLog
let hub: Hub
/** While set, readings of the log wait. */
let hold: Promise<void> | null
let readCount: number
const readLog: ReadLog = async (request: LogRequest) => {
  readCount++
  await hold
  return log.read(request)
}

beforeEach(() => {
  log = new FakeLog()
  hold = null
  readCount = 0
  hub = createHub({
    bus: new FakeBus(),
    events: log.store,
    readLog,
    ringSize: 16,
    ringMemoryByteSize: 1_048_576,
    logger: pino({ level: 'silent' }),
  })
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
