import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Ring, RingMemory } from '../../../src/log/ring.ts'
import { Stream } from '../../../src/log/stream.ts'
import type { LogEvent } from '../../../src/store/log-event.ts'
import { FakeLog, markOf, streamId } from '../../testkit/log.ts'

let log: FakeLog
let stream: Stream
let errors: unknown[]

const headAt = (seq: number) => ({ headEventSeq: seq, headMark: markOf(seq) })

const open = (ringSize = 16): Stream => {
  log = new FakeLog()
  errors = []
  return new Stream({
    streamId,
    ring: new Ring({ maxEvents: ringSize, maxByteSize: 1_048_576 }, new RingMemory(1_048_576)),
    readLog: log.read,
    readHead: () => Promise.resolve(headAt(log.head())),
    onError: (error) => errors.push(error),
  })
}

/** More than the patience for an event that is late on the bus, less than the time until a failure is tried again. */
const soonMs = 100
const soon = () => vi.advanceTimersByTimeAsync(soonMs)
/** The events after `afterSeq` that the ring has, as far as they follow one another. */
const ringAfter = (afterSeq: number): LogEvent[] => {
  const event = stream.at(afterSeq + 1)
  return event ? [event, ...ringAfter(event.seq)] : []
}
/** Undefined when the log has to be asked. */
const seqs = (afterSeq = 0) =>
  afterSeq < stream.tipSeq && !stream.at(afterSeq + 1) ? undefined : ringAfter(afterSeq).map(({ seq }) => seq)

beforeEach(() => {
  vi.useFakeTimers()
  stream = open()
})

afterEach(() => {
  stream.close()
  vi.useRealTimers()
})

test('events in order are served at once, without a reading of the log', async () => {
  stream.start(headAt(0))
  const once = { onMore: vi.fn() }
  const again = { onMore: vi.fn(() => stream.whenMore(again)) }
  stream.whenMore(once)
  stream.whenMore(again)
  for (const event of log.appendMany(3)) stream.offer(event)
  expect(seqs()).toEqual([1, 2, 3])
  // Who has not come back for more is not told of more.
  expect(once.onMore).toHaveBeenCalledTimes(1)
  expect(again.onMore).toHaveBeenCalledTimes(3)
  await soon()
  expect(log.reads).toEqual([])
})

test('repeated events are served once, and those of before the start not at all', async () => {
  const old = log.appendMany(2)
  stream.start(headAt(2))
  const event = log.append()
  for (const offered of [...old, event, ...old, event]) stream.offer(offered)
  expect(seqs(2)).toEqual([3])
  await soon()
  expect(log.reads).toEqual([])
})

test('reordered events wait for the one before them, and the log is not read', async () => {
  stream.start(headAt(0))
  const [one, two, three] = log.appendMany(3)
  stream.offer(three!)
  stream.offer(two!)
  expect(stream.tipSeq).toBe(0)
  stream.offer(one!)
  expect(seqs()).toEqual([1, 2, 3])
  await soon()
  expect(log.reads).toEqual([])
})

test('a lost event is read from the log, once, and then those that came early follow', async () => {
  stream.start(headAt(0))
  const [one, , three, four] = log.appendMany(4)
  for (const event of [one!, three!, four!]) stream.offer(event)
  expect(seqs()).toEqual([1])
  await soon()
  expect(seqs()).toEqual([1, 2, 3, 4])
  expect(log.reads).toEqual([expect.objectContaining({ afterSeq: 1 })])
})

test('an event heard of without its content is read from the log', async () => {
  stream.start(headAt(0))
  log.appendMany(2)
  stream.announce(2)
  await soon()
  expect(seqs()).toEqual([1, 2])
})

test('events that come before the head is known are kept, and those it counts are dropped', async () => {
  const [one, two] = log.appendMany(2)
  stream.offer(one!)
  stream.offer(two!)
  expect(stream.tipSeq).toBe(-1)
  stream.start(headAt(1))
  expect(stream.tipSeq).toBe(2)
  expect(seqs(1)).toEqual([2])
  await soon()
  expect(log.reads).toEqual([])
})

test('a failed reading of a gap is told and tried again until it succeeds', async () => {
  stream.start(headAt(0))
  const [, two] = log.appendMany(2)
  log.failures = 2
  stream.offer(two!)
  await soon()
  expect(errors).toHaveLength(1)
  expect(stream.tipSeq).toBe(0)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(errors).toHaveLength(2)
  expect(seqs()).toEqual([1, 2])
  expect(log.reads).toHaveLength(3)
})

test('what retention took is skipped, and readers are woken to find the gap in the log', async () => {
  stream.start(headAt(0))
  log.appendMany(5)
  log.expire(3)
  const listener = vi.fn()
  stream.whenMore({ onMore: listener })
  stream.announce(5)
  await soon()
  expect(listener).toHaveBeenCalled()
  expect(stream.tipSeq).toBe(5)
  expect(seqs(0)).toBeUndefined()
  expect(seqs(3)).toEqual([4, 5])
})

test('an announcement of what never was is given up, and the stream goes on', async () => {
  stream.start(headAt(0))
  stream.announce(1_000_000)
  await soon()
  const reads = log.reads.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(log.reads).toHaveLength(reads)
  stream.offer(log.append())
  expect(seqs()).toEqual([1])
  log.append()
  stream.announce(2)
  await soon()
  expect(seqs()).toEqual([1, 2])
})

test('the ring keeps its newest events; what is before them must be read from the log', () => {
  stream.close()
  stream = open(4)
  stream.start(headAt(0))
  for (const event of log.appendMany(10)) stream.offer(event)
  expect(seqs(5)).toBeUndefined()
  expect(seqs(6)).toEqual([7, 8, 9, 10])
  expect(seqs(9)).toEqual([10])
  expect(seqs(10)).toEqual([])
})

test('a flood of events that come early takes no more memory than the ring, and loses none', async () => {
  stream.close()
  stream = open(4)
  stream.start(headAt(0))
  const events = log.appendMany(500)
  for (const event of events.slice(1)) stream.offer(event)
  const early = (stream as unknown as { early: Map<number, unknown> }).early
  expect(early.size).toBeLessThanOrEqual(4)
  await soon()
  expect(stream.tipSeq).toBe(500)
  expect(early.size).toBe(0)
  expect(seqs(496)).toEqual([497, 498, 499, 500])
})

test('an event in memory shows its message as it is now once it was edited or deleted', () => {
  stream.start(headAt(0))
  const [one, two] = log.appendMany(2)
  for (const event of [one!, two!, log.edit(1, 'edited'), log.edit(2, 'edited'), log.remove(1)]) stream.offer(event)
  const texts = ringAfter(0).map((event) => stream.current(event).message?.text)
  expect(texts).toEqual([null, 'edited', null, 'edited', null])
})

test('what came from the log newer than an edit in memory is not put back to that edit', async () => {
  stream.start(headAt(0))
  const [one] = log.appendMany(1)
  stream.offer(one!)
  stream.offer(log.edit(1, 'second'))
  log.edit(1, 'third')
  const [, edited] = await log.read({ streamId, afterSeq: 0, limit: 10 })
  expect(stream.current(edited!).message?.text).toBe('third')
})
