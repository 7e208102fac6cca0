import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { TypistOf } from '../../../src/domain/typing/typist-of.ts'
import type { Streams } from '../../../src/domain/streams/streams.ts'
import { createTyping, type Typing } from '../../../src/domain/typing/typing.ts'
import type { TypingFeed } from '../../../src/domain/typing/feed.ts'
import type { LiveConnection, Viewer } from '../../../src/domain/viewer.ts'
import type { LogItem } from '../../../src/log/items.ts'
import { Source } from '../../../src/flow/source.ts'
import type { LogEvent } from '../../../src/store/log-event.ts'
import type { EventDataOf, EventType } from '../../../src/log/event-types.ts'
import { group, logEvent } from '../../testkit/canned.ts'
import { FakeBus } from '../../testkit/log.ts'

/** What a reader's own feed of the conversation tells. */
class FakeFeed extends Source<LogItem> {
  ended = false
  private readonly items: LogItem[] = []

  take(): LogItem | null {
    return this.ended ? null : (this.items.shift() ?? null)
  }

  give(item: LogItem): void {
    this.items.push(item)
    this.onMore?.()
  }

  end(): void {
    this.ended = true
    this.onMore?.()
  }
}

class FakeConnection implements LiveConnection {
  readonly listeners = new Set<() => void>()

  onDisconnected(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  close(): void {
    for (const listener of [...this.listeners]) listener()
  }
}

const person = (userId: string): Viewer => ({ userId, sessionId: userId, role: 'USER' })
const [ann, bob, cid] = ['ann', 'bob', 'cid'].map(person) as [Viewer, Viewer, Viewer]

let bus: FakeBus
let published: string[]
let feeds: FakeFeed[]
let head: number
/** Answers whether the next ones are members; a test may hold it back. */
let typistOf: TypistOf

beforeEach(() => {
  vi.useFakeTimers()
  bus = new FakeBus()
  published = []
  feeds = []
  head = 1
  const publish = bus.publish.bind(bus)
  bus.publish = (topic, payload) => {
    published.push(payload)
    return publish(topic, payload)
  }
  typistOf = () => Promise.resolve(typist())
})

afterEach(() => {
  vi.useRealTimers()
})

const typist = () => ({ headEventSeq: head, hiddenFrom: [] as string[] })

/** What one process has; the bus is that of all. */
function newTyping(): Typing {
  const streams = {
    conversation: () => {
      const feed = new FakeFeed()
      feeds.push(feed)
      return Promise.resolve(feed)
    },
  } as unknown as Streams
  return createTyping({
    bus,
    streams,
    typistOf: (viewer, id) => typistOf(viewer, id),
    logger: pino({ level: 'silent' }),
  })
}

/** Something happens in the conversation, and each reader's feed tells of it. */
function happens<Type extends EventType>(type: Type, viewer: Viewer, data?: EventDataOf<Type>): void {
  head++
  const event = logEvent(type, { seq: head, actorId: viewer.userId, data }) as LogEvent
  for (const feed of feeds) feed.give({ event })
}

const sends = (viewer: Viewer) => happens('MESSAGE_SENT', viewer)

/** Reads as both transports do: whenever there may be more, all there is. Each with the time it came at. */
async function read(typing: Typing, viewer: Viewer) {
  const feed = await typing.follow(viewer, group)
  const told: string[] = []
  const startedAtMs = performance.now()
  let isStalled = false
  const takeAll = () => {
    if (isStalled) return
    for (let item = feed.take(); item; item = feed.take()) {
      const { userId, typing: isTyping } = item.event
      told.push(`${userId} ${isTyping ? 'types' : 'rests'} at ${Math.round(performance.now() - startedAtMs)}`)
    }
  }
  feed.onMore = takeAll
  takeAll()
  return {
    feed,
    told,
    stall: () => (isStalled = true),
    goOn() {
      isStalled = false
      takeAll()
    },
  }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const set = async (typing: Typing, viewer: Viewer, isTyping: boolean, connection: LiveConnection | null = null) => {
  const answer = await typing.set(viewer, group, isTyping, connection)
  await pass(0)
  return answer
}

test('on and off are told to the readers of every process, but not to who types', async () => {
  const [here, there] = [newTyping(), newTyping()]
  const readers = [await read(here, bob), await read(there, cid), await read(here, ann)]
  expect(await set(here, ann, true)).toBe(true)
  await pass(1_500)
  await set(here, ann, false)
  await pass(5_000)
  expect(readers.map(({ told }) => told)).toEqual([
    ['ann types at 0', 'ann rests at 1500'],
    ['ann types at 0', 'ann rests at 1500'],
    [],
  ])
})

test('typing ends 6 s after the last sign, and signs in between cause no event', async () => {
  const [here, there] = [newTyping(), newTyping()]
  const { told } = await read(there, bob)
  await set(here, ann, true)
  await pass(4_000)
  await set(here, ann, true)
  await pass(5_999)
  expect(told).toEqual(['ann types at 0'])
  await pass(1)
  expect(told).toEqual(['ann types at 0', 'ann rests at 10000'])
  await pass(60_000)
  expect(told).toHaveLength(2)
})

test('a change goes out at once, and the same again once a second', async () => {
  const typing = newTyping()
  for (let count = 0; count < 20; count++) {
    await set(typing, ann, true)
    await pass(100)
  }
  expect(published).toHaveLength(2)
  for (let count = 0; count < 5; count++) await set(typing, ann, false)
  expect(published).toHaveLength(3)
})

test('a storm of changes is one event a second for each person, and ends with how it is', async () => {
  const typing = newTyping()
  const { told } = await read(typing, bob)
  for (let count = 0; count < 41; count++) {
    await set(typing, ann, count % 2 === 0)
    await set(typing, cid, count % 2 === 0)
    await pass(70)
  }
  await pass(1_000)
  const timesOf = (name: string) =>
    told.filter((line) => line.startsWith(name)).map((line) => Number(line.split(' ')[3]))
  for (const times of [timesOf('ann'), timesOf('cid')]) {
    expect(times.length).toBeGreaterThan(1)
    for (const [index, time] of times.entries())
      if (index > 0) expect(time - times[index - 1]!).toBeGreaterThanOrEqual(1_000)
  }
  // The storm of 2.9 s ended with typing.
  expect(told.filter((line) => line.startsWith('ann')).at(-1)).toContain('types')
})

test('on, off and on again within a second is one event', async () => {
  const typing = newTyping()
  const { told } = await read(typing, bob)
  for (const isTyping of [true, false, true]) {
    await set(typing, ann, isTyping)
    await pass(100)
  }
  await pass(3_000)
  expect(told).toEqual(['ann types at 0'])
})

test('a change within a second waits and is told then', async () => {
  const typing = newTyping()
  const { told } = await read(typing, bob)
  await set(typing, ann, true)
  await pass(200)
  await set(typing, ann, false)
  await pass(799)
  expect(told).toEqual(['ann types at 0'])
  await pass(1)
  expect(told).toEqual(['ann types at 0', 'ann rests at 1000'])
})

test('a message ends the typing of its sender alone, and what they type next is news at once', async () => {
  const typing = newTyping()
  const { told } = await read(typing, bob)
  await set(typing, ann, true)
  await set(typing, cid, true)
  await pass(1_500)
  sends(ann)
  typing.sent(ann, group)
  await pass(1_000)
  await set(typing, ann, true)
  expect(told).toEqual(['ann types at 0', 'cid types at 0', 'ann rests at 1500', 'ann types at 2500'])
})

test('a sign from before the message that comes after it is old news', async () => {
  const typing = newTyping()
  const { told } = await read(typing, bob)
  await set(typing, ann, true)
  const [sign] = published
  await pass(1_500)
  sends(ann)
  bus.deliver(`parley:typing:${group}`, sign!)
  await pass(10_000)
  expect(told).toEqual(['ann types at 0', 'ann rests at 1500'])
})

test('a reader that hears late of an old message does not end what was typed since', async () => {
  const typing = newTyping()
  const [{ told }, slow] = [await read(typing, bob), await read(typing, cid)]
  await set(typing, ann, true)
  await pass(1_500)
  slow.stall()
  sends(ann)
  typing.sent(ann, group)
  await pass(7_000)
  await set(typing, ann, true)
  slow.goOn()
  await pass(1_000)
  expect(told).toEqual(['ann types at 0', 'ann rests at 1500', 'ann types at 8500'])
})

test.each([
  ['removed', 'MEMBER_LEFT'],
  ['erased', 'USER_ERASED'],
] as const)('somebody who is %s while typing is shown as resting', async (_name, type) => {
  const typing = newTyping()
  const { told } = await read(typing, bob)
  await set(typing, ann, true)
  await pass(1_500)
  happens(type, cid, { userId: ann.userId })
  expect(told).toEqual(['ann types at 0', 'ann rests at 1500'])
})

test('typing ends with the connection through which it was set last, and with no other', async () => {
  const [here, there] = [newTyping(), newTyping()]
  const { told } = await read(there, bob)
  const [phone, laptop] = [new FakeConnection(), new FakeConnection()]
  await set(here, ann, true, phone)
  await set(here, ann, true, laptop)
  await pass(1_500)
  phone.close()
  await pass(1_000)
  expect(told).toEqual(['ann types at 0'])
  laptop.close()
  await pass(0)
  expect(told).toEqual(['ann types at 0', 'ann rests at 2500'])
  expect([phone.listeners.size, laptop.listeners.size]).toEqual([0, 0])
})

test('a connection that is lost ends nothing that was said since through another process', async () => {
  const [here, there] = [newTyping(), newTyping()]
  const { told } = await read(there, bob)
  const [phone, laptop] = [new FakeConnection(), new FakeConnection()]
  await set(here, ann, true, phone)
  await pass(1_500)
  await set(there, ann, true, laptop)
  phone.close()
  await pass(2_000)
  expect(told).toEqual(['ann types at 0'])
  laptop.close()
  await pass(0)
  expect(told).toEqual(['ann types at 0', 'ann rests at 3500'])
})

test('what was said later holds, also when it is looked up sooner', async () => {
  const typing = newTyping()
  const { told } = await read(typing, bob)
  const answers: (() => void)[] = []
  typistOf = () => new Promise((resolve) => answers.push(() => resolve(typist())))
  const asked = [typing.set(ann, group, true, null), typing.set(ann, group, false, null)]
  answers[1]!()
  await asked[1]
  answers[0]!()
  await asked[0]
  await pass(2_000)
  expect(told).toEqual([])
  const late = typing.set(ann, group, true, null)
  // Sent while the membership is looked up.
  typing.sent(ann, group)
  answers[2]!()
  await late
  await pass(2_000)
  expect(told).toEqual([])
})

test('who is no member is answered false, and nothing is told or kept of them', async () => {
  const typing = newTyping()
  const { told, feed } = await read(typing, bob)
  typistOf = () => Promise.resolve(null)
  expect(await set(typing, ann, true)).toBe(false)
  expect([told, published]).toEqual([[], []])
  feed.end()
  expect(typing.count).toBe(0)
})

test('a late reader is told at once who types, and is not told of more than one event a second either', async () => {
  const typing = newTyping()
  await read(typing, cid)
  await set(typing, ann, true)
  await pass(1_500)
  const { told } = await read(typing, bob)
  expect(told).toEqual(['ann types at 0'])
  await pass(100)
  await set(typing, ann, false)
  await pass(3_000)
  expect(told).toEqual(['ann types at 0', 'ann rests at 1000'])
  expect((await read(typing, bob)).told).toEqual([])
})

test('all readers of a process are given the same object', async () => {
  const typing = newTyping()
  const taken: unknown[] = []
  for (const viewer of [bob, cid, person('dan')]) {
    const { feed, stall } = await read(typing, viewer)
    stall()
    taken.push(() => feed.take()?.event)
  }
  await set(typing, ann, true)
  const events = taken.map((take) => (take as () => unknown)())
  expect(events[0]).toMatchObject({ userId: 'ann', typing: true })
  expect(new Set(events).size).toBe(1)
})

test('a reader that takes nothing holds a name for each person, and is told how it is when it goes on', async () => {
  const typing = newTyping()
  const slow = await read(typing, bob)
  slow.stall()
  for (let count = 0; count < 51; count++) {
    await set(typing, ann, count % 2 === 0)
    await set(typing, cid, count % 2 === 1)
  }
  expect((slow.feed as unknown as { pending: Set<string> }).pending.size).toBe(2)
  slow.goOn()
  expect(slow.told).toEqual(['ann types at 0'])
})

test('the end of the feed of the log is the end, with nothing told after it', async () => {
  const typing = newTyping()
  const { feed, told } = await read(typing, bob)
  feeds[0]!.end()
  expect(feed.ended).toBe(true)
  await set(typing, ann, true)
  expect(told).toEqual([])
  expect(await feed.next()).toEqual({ done: true, value: undefined })
})

test('with its readers gone, and what was said forgotten, a process holds nothing', async () => {
  const typing = newTyping()
  const readers: { feed: TypingFeed }[] = [await read(typing, bob), await read(typing, cid)]
  const connection = new FakeConnection()
  await set(typing, ann, true, connection)
  expect([typing.count, bus.topicCount, bus.subscriptions]).toEqual([2, 1, 1])
  for (const { feed } of readers) {
    feed.end()
    feed.end()
  }
  await pass(0)
  expect([typing.count, bus.topicCount]).toEqual([1, 0])
  await pass(6_000)
  expect([typing.count, connection.listeners.size, vi.getTimerCount()]).toEqual([0, 0, 0])
})
