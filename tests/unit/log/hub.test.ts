import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { topics } from '../../../src/bus/topics.ts'
import { Cursor } from '../../../src/log/cursor.ts'
import type { Hub } from '../../../src/log/hub.ts'
import { toPayload } from '../../../src/log/payload.ts'
import { FakeBus, FakeLog, next, openHub, streamId } from '../../testkit/log.ts'

const topic = topics.stream(streamId)
let log: FakeLog
let bus: FakeBus
let hub: Hub

beforeEach(() => {
  log = new FakeLog()
  bus = new FakeBus()
  hub = openHub(log, { bus })
})

afterEach(() => {
  vi.useRealTimers()
  hub.close()
})

const publish = (event: object) => {
  bus.deliver(topic, JSON.stringify(event))
}

test('a stream has one bus subscription however many read it, and none once the last one left', async () => {
  await Promise.all([hub.acquire([streamId]), hub.acquire([streamId]), hub.acquire([streamId, streamId])])
  expect(bus.subscriptions).toBe(1)
  hub.release([streamId])
  hub.release([streamId])
  hub.release([streamId])
  expect(bus.topicCount).toBe(1)
  hub.release([streamId])
  expect(bus.topicCount).toBe(0)
  expect(hub.openStreamCount).toBe(0)
})

test('an event between subscribing to the bus and reading the head is not missed', async () => {
  const cursor = new Cursor(hub, log.read)
  const following = cursor.follow([{ streamId, afterSeq: 0 }])
  await vi.waitFor(() => expect(bus.topicCount).toBe(1))
  publish(log.append())
  await following
  expect((await next(cursor))?.event?.seq).toBe(1)
})

test('lost, repeated and reordered bus messages reach readers as every event once, in order', async () => {
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  const events = log.appendMany(200)
  const received: number[] = []
  const reading = (async () => {
    while (received.length < 200) received.push((await next(cursor))!.event!.seq)
  })()
  for (let at = 0; at < events.length; at += 5) {
    const [a, , c, d, e] = events.slice(at, at + 5)
    for (const event of [d!, a!, a!, e!, c!, d!]) publish(event)
    await Promise.resolve()
  }
  await reading
  expect(received).toEqual(events.map(({ seq }) => seq))
})

test('what is no event on the bus harms nobody, and costs no work that goes on', async () => {
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  const event = log.append()
  const numbers = [undefined, null, 'one', '1', 0, -1, 0.5, 2 ** 60]
  const garbage = ['', 'not JSON', 'null', '{}', '[]', '5', JSON.stringify({ ...event, streamId: 'nowhere' })]
  vi.useFakeTimers()
  for (const payload of garbage) bus.deliver(topic, payload)
  for (const seq of numbers) publish({ ...event, seq })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(vi.getTimerCount()).toBe(0)
  expect(log.reads).toEqual([])
  vi.useRealTimers()
  publish(event)
  expect((await next(cursor))?.event).toEqual(event)
  publish(log.append())
  expect((await next(cursor))?.event?.seq).toBe(2)
})

test('a stream that could not be opened leaves nothing behind and can be opened again', async () => {
  log.failures = 1
  const attempts = await Promise.allSettled([hub.acquire([streamId]), hub.acquire([streamId])])
  expect(attempts.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(hub.openStreamCount).toBe(0)
  await vi.waitFor(() => expect(bus.topicCount).toBe(0))
  const [stream] = await hub.acquire([streamId])
  expect(stream?.tipSeq).toBe(0)
})

test('a stream released while it opens is not left on the bus', async () => {
  const opening = hub.acquire([streamId])
  hub.release([streamId])
  await opening
  expect(hub.openStreamCount).toBe(0)
  await vi.waitFor(() => expect(bus.topicCount).toBe(0))
})

test('those who come back at once, not far behind, cost one reading of the log, however many they are', async () => {
  log.appendMany(12)
  const cursors = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const cursor = new Cursor(hub, log.read)
      await cursor.follow([{ streamId, afterSeq: 4 + (index % 3) }])
      return cursor
    }),
  )
  for (const [index, cursor] of cursors.entries()) {
    for (let seq = 5 + (index % 3); seq <= 12; seq++) expect((await next(cursor))?.event?.seq).toBe(seq)
  }
  expect(log.reads).toEqual([expect.objectContaining({ afterSeq: 4, limit: 8, isGap: true })])
})

test('who is far behind catches up by pages: nothing is read before the stream is open, however long the ring is', async () => {
  hub.close()
  hub = openHub(log, { bus, ringSize: 1_000 })
  log.appendMany(300)
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  expect(log.reads).toEqual([])
  for (let seq = 1; seq <= 300; seq++) expect((await next(cursor))?.event?.seq).toBe(seq)
  expect(log.reads.map(({ limit }) => limit)).toEqual([100, 100, 100])
})

test('a stream whose readers lost their connection keeps its events for them, and closes when they stay away', async () => {
  hub.close()
  hub = openHub(log, { bus, lingerMs: 5_000 })
  const first = new Cursor(hub, log.read)
  await first.follow([{ streamId, afterSeq: 0 }])
  vi.useFakeTimers()
  first.end()
  for (const event of log.appendMany(3)) publish(event)
  await vi.advanceTimersByTimeAsync(4_000)
  const second = new Cursor(hub, log.read)
  await second.follow([{ streamId, afterSeq: 1 }])
  for (const seq of [2, 3]) expect((await next(second))?.event?.seq).toBe(seq)
  expect(log.reads).toEqual([])
  expect(bus.subscriptions).toBe(1)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(hub.openStreamCount).toBe(1)
  second.end()
  await vi.advanceTimersByTimeAsync(4_900)
  expect(bus.topicCount).toBe(1)
  await vi.advanceTimersByTimeAsync(200)
  expect(bus.topicCount).toBe(0)
  expect(hub.openStreamCount).toBe(0)
})

test('of the streams without readers only so many are kept, the ones left last', async () => {
  hub.close()
  hub = openHub(log, { bus, lingerMs: 60_000 })
  const streamIds = Array.from({ length: 1_500 }, (_, index) => `stream ${String(index)}`)
  await hub.acquire(streamIds)
  hub.release(streamIds)
  expect(hub.openStreamCount).toBe(1_000)
  expect(bus.listeners.has(topics.stream('stream 499'))).toBe(false)
  expect(bus.listeners.has(topics.stream('stream 500'))).toBe(true)
})

test('an event that this process wrote is not parsed again when the bus brings it back', async () => {
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  const [own, foreign] = log.appendMany(2)
  hub.offer(own!)
  const parse = vi.spyOn(JSON, 'parse')
  bus.deliver(topic, toPayload(own!))
  expect(parse).not.toHaveBeenCalled()
  bus.deliver(topic, toPayload(foreign!))
  bus.deliver(topic, toPayload(foreign!))
  expect(parse).toHaveBeenCalledOnce()
  parse.mockRestore()
  for (const event of [own, foreign]) expect((await next(cursor))?.event).toEqual(event)
})

test('a head that the relay heard of makes readers catch up from the log', async () => {
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  log.appendMany(3)
  hub.announce(streamId, 3)
  hub.announce('nobody reads this', 3)
  for (const seq of [1, 2, 3]) expect((await next(cursor))?.event?.seq).toBe(seq)
})

test('a stream that was ready when another one with it failed can be opened again at once', async () => {
  hub.close()
  const failing = vi.fn(log.read).mockRejectedValueOnce(new Error('the database is gone'))
  hub = openHub(log, { bus, readLog: failing, lingerMs: 60_000 })
  const other = 'another stream'
  log.append()
  // The first is at its head; the second is behind, and reads the log.
  await expect(hub.acquire([other, streamId], [0, 0])).rejects.toThrow('the database is gone')
  expect(hub.openStreamCount).toBe(0)
  await expect(hub.acquire([other], [0])).resolves.toHaveLength(1)
})

/** Timers alone: what gathers by turns of the event loop goes by the real ones. */
const fakeClock = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
const pass = async (ms: number) => {
  for (const part of [0, ms]) {
    await vi.advanceTimersByTimeAsync(part)
    for (let count = 0; count < 5; count++) await turn()
  }
}

test('a bus that never says that a topic is live holds up nobody, and leaves no hole when it is at last', async () => {
  let goLive = (): void => undefined
  const live = new Promise<void>((resolve) => (goLive = resolve))
  const subscribe = bus.subscribe.bind(bus)
  bus.subscribe = async (...args) => {
    await live
    return subscribe(...args)
  }
  fakeClock()
  const first = new Cursor(hub, log.read)
  const following = first.follow([{ streamId, afterSeq: 0 }])
  await pass(400)
  await following
  // Whoever comes later does not wait at all.
  const second = new Cursor(hub, log.read)
  await second.follow([{ streamId, afterSeq: 0 }])
  log.append()
  goLive()
  await pass(100)
  for (const cursor of [first, second]) expect(cursor.take()?.event?.seq).toBe(1)
  publish(log.append())
  for (const cursor of [first, second]) expect(cursor.take()?.event?.seq).toBe(2)
})

test('a stream that never opens is given up by all who wait for it at once, and can be opened again', async () => {
  hub.close()
  let isFrozen = true
  const heads: typeof log.store.heads = (ids) => (isFrozen ? new Promise(() => undefined) : log.store.heads(ids))
  hub = openHub(log, { bus, events: { ...log.store, heads } })
  fakeClock()
  const first = hub.acquire([streamId])
  const refusals = [expect(first).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })]
  await pass(4_000)
  const second = hub.acquire([streamId, 'another stream'])
  refusals.push(expect(second).rejects.toMatchObject({ code: 'UNAVAILABLE' }))
  await pass(1_100)
  await first.catch(() => undefined)
  isFrozen = false
  await pass(5_000)
  await Promise.all(refusals)
  expect(hub.openStreamCount).toBe(0)
  expect(bus.topicCount).toBe(0)
  log.append()
  const cursor = new Cursor(hub, log.read)
  const following = cursor.follow([{ streamId, afterSeq: 0 }])
  await pass(10)
  await following
  expect(cursor.take()?.event?.seq).toBe(1)
})

test('a head start that is not read in time is left to the reader itself', async () => {
  hub.close()
  log.appendMany(3)
  const readLog = vi.fn(log.read).mockReturnValueOnce(new Promise(() => undefined))
  hub = openHub(log, { bus, readLog })
  fakeClock()
  const cursor = new Cursor(hub, readLog)
  const following = cursor.follow([{ streamId, afterSeq: 0 }])
  await pass(1_100)
  await following
  const received = []
  for (let round = 0; round < 5; round++) {
    const item = cursor.take()
    if (item) received.push(item.event?.seq)
    await pass(10)
  }
  expect(received).toEqual([1, 2, 3])
})

test('a reading of a gap that never ends is tried again', async () => {
  hub.close()
  const readLog = vi.fn(log.read)
  hub = openHub(log, { bus, readLog })
  const cursor = new Cursor(hub, log.read)
  await cursor.follow([{ streamId, afterSeq: 0 }])
  fakeClock()
  log.appendMany(2)
  readLog.mockReturnValueOnce(new Promise(() => undefined))
  hub.announce(streamId, 2)
  await pass(4_000)
  expect([cursor.isBehind, cursor.take()]).toEqual([true, null])
  await pass(2_000)
  expect([cursor.take()?.event?.seq, cursor.take()?.event?.seq]).toEqual([1, 2])
  expect(cursor.isBehind).toBe(false)
})
