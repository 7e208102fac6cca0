import { expect, test } from 'vitest'
import { Ring, RingMemory } from '../../../src/log/ring.ts'
import { toLogEvent, type LogEvent } from '../../../src/store/log-event.ts'
import { FakeLog } from '../../testkit/log.ts'

const kept = (ring: Ring, seqs: number[]) => seqs.filter((seq) => ring.at(seq) !== undefined)
const generous = { maxEvents: 100, maxByteSize: 1_000_000 }

test('a ring keeps its newest events by number and by size, and the newest at any size', () => {
  const events = new FakeLog().appendMany(5)
  const byNumber = new Ring({ maxEvents: 3, maxByteSize: 1_000_000 }, new RingMemory(1_000_000))
  const bySize = new Ring({ maxEvents: 100, maxByteSize: 2_500 }, new RingMemory(1_000_000))
  const tiny = new Ring({ maxEvents: 100, maxByteSize: 1 }, new RingMemory(1_000_000))
  for (const event of events) for (const ring of [byNumber, bySize, tiny]) ring.push(event)
  expect(kept(byNumber, [1, 2, 3, 4, 5])).toEqual([3, 4, 5])
  expect(kept(bySize, [1, 2, 3, 4, 5])).toEqual([4, 5])
  expect(kept(tiny, [1, 2, 3, 4, 5])).toEqual([5])
})

test('past the limit of all rings together those that were quiet the longest lose their older half', () => {
  const memory = new RingMemory(6_500)
  const [quiet, busy, newest] = [1, 2, 3].map(() => new Ring(generous, memory))
  const seqs = [1, 2, 3, 4]
  const events = new FakeLog().appendMany(4)
  for (const event of events) quiet!.push(event)
  for (const event of events.slice(0, 2)) busy!.push(event)
  expect([quiet!.length, busy!.length]).toEqual([4, 2])
  busy!.push(events[2]!)
  expect([kept(quiet!, seqs), kept(busy!, seqs)]).toEqual([
    [3, 4],
    [1, 2, 3],
  ])
  // Then it is the turn of the next one.
  for (const event of events.slice(0, 2)) newest!.push(event)
  expect([kept(quiet!, seqs), kept(busy!, seqs), kept(newest!, seqs)]).toEqual([[3, 4], [3], [1, 2]])
})

test('a ring of one event is emptied when others need the room', () => {
  const memory = new RingMemory(2_500)
  const [quiet, busy] = [1, 2].map(() => new Ring(generous, memory))
  const events = new FakeLog().appendMany(3)
  quiet!.push(events[0]!)
  for (const event of events.slice(1)) busy!.push(event)
  expect([quiet!.length, busy!.length]).toEqual([0, 2])
})

test('what a closed ring took is free again', () => {
  const memory = new RingMemory(2_500)
  const [first, second] = [1, 2].map(() => new Ring(generous, memory))
  const events = new FakeLog().appendMany(2)
  first!.push(events[0]!)
  first!.clear()
  for (const event of events) second!.push(event)
  expect(second!.length).toBe(2)
})

test('an event that is about no message, or about one that it does not change, leaves the newest edit of it as it is', () => {
  const log = new FakeLog()
  const ring = new Ring(generous, new RingMemory(1_000_000))
  const sent = log.append()
  const edited = log.edit(1, 'edited')
  // As a type of event would be that names a message and carries none: a reaction, a pin.
  const about = { ...toLogEvent({ ...edited, seq: 3, type: 'CONVERSATION_UPDATED' }), messageSeq: 1 } as LogEvent
  for (const event of [sent, edited, about]) ring.push(event)
  expect(ring.current(sent).message?.text).toBe('edited')
  expect(ring.current(about)).toBe(about)
})
