import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { topics } from '../../../src/bus/topics.ts'
import { PresenceFeed } from '../../../src/domain/presence/feed.ts'
import { startPresenceWatch, type PresenceWatch } from '../../../src/domain/presence/watch.ts'
import type { PresenceState, PresenceStates } from '../../../src/ephemeral/presence.ts'
import type { PersonPair, PresenceStore, Relation } from '../../../src/store/presence.ts'
import type { User } from '../../../src/store/rows.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { FakeBus } from '../../testkit/log.ts'

const online: PresenceState = { status: 'ONLINE', device: 'WEB', lastSeenAtMs: null }
const away: PresenceState = { ...online, status: 'AWAY' }

class Bus extends FakeBus {
  back: () => void = () => undefined
  override onBack(listener?: () => void) {
    if (listener) this.back = listener
  }
}

let bus: Bus
let known: Map<string, PresenceState>
let redisIsAway: boolean
let databaseIsAway: boolean
let relation: Relation
let presenceSharing: User['presenceSharing']
const states = {
  read: vi.fn((userIds: readonly string[]) =>
    redisIsAway ? Promise.reject(new Error('away')) : Promise.resolve(userIds.map((id) => known.get(id) ?? null)),
  ),
  onConnected: () => undefined,
}
const fromDatabase = <Answer>(answer: Answer) =>
  databaseIsAway ? Promise.reject(new Error('away')) : Promise.resolve(answer)
const people = {
  byIds: vi.fn((ids: readonly string[]) =>
    fromDatabase(
      ids.map((id) => ({ id, presenceSharing, invisible: false, lastSeenAt: null, erasedAt: null }) as User),
    ),
  ),
}
const store = { relations: vi.fn((pairs: readonly PersonPair[]) => fromDatabase(pairs.map(() => relation))) }
let watch: PresenceWatch

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  bus = new Bus()
  known = new Map()
  redisIsAway = databaseIsAway = false
  relation = 'SHARED'
  presenceSharing = 'EVERYONE'
  watch = await startPresenceWatch({
    states: states as unknown as PresenceStates,
    store: store as unknown as PresenceStore,
    people,
    bus,
    logger: createLogger('silent'),
  })
})
afterEach(() => {
  watch.stop()
  vi.useRealTimers()
  vi.clearAllMocks()
})

const pass = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
}

function follow(viewerId: string, ...userIds: string[]) {
  const session = { onEnded: () => () => undefined }
  const viewer = { userId: viewerId, sessionId: 's', role: 'USER' as const }
  const feed = new PresenceFeed(viewer, userIds, session, (ended) => {
    watch.remove(ended)
  })
  watch.add(feed)
  return {
    feed,
    /** What it was told and had not taken, as `person status`. */
    take(): string[] {
      const told: string[] = []
      for (let item = feed.take(); item; item = feed.take()) told.push(`${item.user.id} ${item.presence.status}`)
      return told
    },
  }
}

const hint = (what: unknown) => {
  bus.deliver(topics.presence, JSON.stringify(what))
}

/** Zoe's feed of Ann, who is ONLINE; Zoe has been told so. */
async function followOnline() {
  known.set('ann', online)
  const reader = follow('zoe', 'ann')
  await pass(10)
  reader.take()
  return reader
}

test('a feed is told of everybody first, and then of who is hinted at and looks different', async () => {
  known.set('ann', online)
  const reader = follow('zoe', 'ann', 'ben')
  await pass(10)
  expect(reader.take()).toEqual(['ann ONLINE', 'ben OFFLINE'])
  known.set('ann', away)
  hint(['ann', 'ben', 'nobody watched'])
  await pass(10)
  expect(reader.take()).toEqual(['ann AWAY'])
})

test('hints of a few milliseconds are one read, one look at settings and one at what the pairs share', async () => {
  const readers = ['xav', 'yin', 'zoe'].map((viewer) => follow(viewer, 'ann', 'ben', 'cleo'))
  await pass(10)
  vi.clearAllMocks()
  for (const id of ['ann', 'ben', 'cleo']) {
    known.set(id, online)
    hint([id])
  }
  await pass(10)
  expect(readers.map((reader) => reader.take().filter((told) => told.endsWith('ONLINE')).length)).toEqual([3, 3, 3])
  for (const call of [states.read, people.byIds, store.relations]) expect(call).toHaveBeenCalledTimes(1)
  expect(store.relations.mock.calls[0]?.[0]).toHaveLength(9)
})

test('what changes between people concerns those they watch as well', async () => {
  known.set('ann', online)
  known.set('ben', online)
  relation = 'NONE'
  const reader = follow('zoe', 'ann', 'ben')
  const other = follow('yin', 'ann')
  await pass(10)
  expect([...reader.take(), ...other.take()]).toEqual(['ann OFFLINE', 'ben OFFLINE', 'ann OFFLINE'])
  relation = 'DIRECT'
  hint({ people: ['zoe'] })
  await pass(10)
  expect(reader.take()).toEqual(['ann ONLINE', 'ben ONLINE'])
  expect(other.take()).toEqual([])
  hint({ people: ['ann'] })
  await pass(10)
  expect(other.take()).toEqual(['ann ONLINE'])
})

test('many watchers of many people are told in several turns, so that others have theirs', async () => {
  const everybody = Array.from({ length: 120 }, (_, index) => `person ${index}`)
  const readers = everybody.map((viewer) => follow(viewer, ...everybody))
  const counts = new Set<number>()
  const count = () => readers.reduce((sum, { feed }) => sum + everybody.filter((id) => feed.knows(id)).length, 0)
  const all = everybody.length ** 2
  const told = new Promise<void>((resolve) => {
    const look = () => {
      counts.add(count())
      if (counts.has(all)) resolve()
      else setImmediate(look)
    }
    look()
  })
  await pass(10)
  await told
  expect([...counts].filter((some) => some > 0 && some < all).length).toBeGreaterThan(0)
})

test('while the database is away nothing is forgotten', async () => {
  const reader = follow('zoe', 'ann')
  await pass(10)
  expect(reader.take()).toEqual(['ann OFFLINE'])
  databaseIsAway = true
  known.set('ann', online)
  hint(['ann'])
  await pass(5_000)
  expect(reader.take()).toEqual([])
  databaseIsAway = false
  await pass(600)
  expect(reader.take()).toEqual(['ann ONLINE'])
})

test('while Redis is away a feed that was told something hears nothing, and a new one that nobody is known to be here', async () => {
  const reader = await followOnline()
  redisIsAway = true
  hint(['ann'])
  const late = follow('yin', 'ann')
  await pass(10)
  expect(reader.take()).toEqual([])
  expect(late.take()).toEqual(['ann OFFLINE'])
})

test('who shows it to nobody from now on is OFFLINE at once, also while Redis is away', async () => {
  const reader = await followOnline()
  redisIsAway = true
  presenceSharing = 'NOBODY'
  watch.changed(['ann'])
  await pass(10)
  expect(reader.take()).toEqual(['ann OFFLINE'])
})

test('a hint that came while Redis did not answer is made up for, also when no connection was lost and no state is another', async () => {
  const reader = await followOnline()
  redisIsAway = true
  relation = 'NONE'
  hint({ people: ['ann'] })
  await pass(10)
  redisIsAway = false
  await pass(17_000)
  expect(reader.take()).toEqual(['ann OFFLINE'])
})

test('a Redis that came back empty makes nobody OFFLINE before their devices had the time to be told again', async () => {
  known.set('ann', online)
  known.set('ben', online)
  const reader = follow('zoe', 'ann', 'ben')
  await pass(10)
  reader.take()
  known.clear()
  bus.back()
  hint(['ann', 'ben'])
  await pass(10_000)
  known.set('ann', online)
  hint(['ann'])
  await pass(5_000)
  expect(reader.take()).toEqual([])
  // Ben's process did not come back.
  await pass(1_500)
  expect(reader.take()).toEqual(['ben OFFLINE'])
})

test('a hint that was lost is made up for within a minute, by a look at states alone', async () => {
  const reader = follow('zoe', 'ann', 'ben')
  await pass(10)
  reader.take()
  known.set('ann', online)
  vi.clearAllMocks()
  await pass(61_000)
  expect(reader.take()).toEqual(['ann ONLINE'])
  await pass(120_000)
  expect(people.byIds).toHaveBeenCalledTimes(1)
})

test('who stops watching leaves nothing behind', async () => {
  const reader = follow('zoe', 'ann')
  const other = follow('zoe', 'ann', 'ben')
  expect(watch.feedCount).toBe(2)
  reader.feed.end()
  other.feed.end()
  expect(watch.feedCount).toBe(0)
  await pass(10)
  vi.clearAllMocks()
  hint(['ann', 'ben'])
  hint({ people: ['zoe', 'ann'] })
  await pass(100_000)
  expect(states.read).not.toHaveBeenCalled()
})

test('its own changes are told to the other processes, and looked at here without them', async () => {
  const reader = follow('zoe', 'ann')
  await pass(10)
  reader.take()
  known.set('ann', online)
  const published = vi.spyOn(bus, 'publish').mockRejectedValue(new Error('away'))
  watch.changed(['ann'])
  watch.relationsChanged(['zoe'])
  await pass(10)
  expect(reader.take()).toEqual(['ann ONLINE'])
  expect(published.mock.calls).toEqual([
    [topics.presence, '["ann"]'],
    [topics.presence, '{"people":["zoe"]}'],
  ])
})
