import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDevices } from '../../../src/domain/presence/devices.ts'
import { PresenceFeed } from '../../../src/domain/presence/feed.ts'
import type { Change, PresenceStates } from '../../../src/ephemeral/presence.ts'
import type { User } from '../../../src/store/rows.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

const viewer = { userId: 'ann', sessionId: 'a session', role: 'USER' as const }
const phone = { id: 'phone', kind: 'MOBILE' as const }

/** Presence that notes what it is told, and can be away. */
class FakeStates implements PresenceStates {
  readonly calls: Change[][] = []
  isAway = false
  connected: (isBack: boolean) => void = () => undefined
  apply(changes: readonly Change[]): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('Redis is unreachable.'))
    this.calls.push([...changes])
    return Promise.resolve()
  }
  onConnected(listener: (isBack: boolean) => void) {
    this.connected = listener
  }
  get told(): Change[] {
    return this.calls.flat()
  }
  sweep = () => Promise.resolve({ isFull: false, unsaved: [] })
  saved = () => Promise.resolve()
  read = () => Promise.resolve([])
  isReachable = true
  close = () => Promise.resolve()
}

let states: FakeStates
let endSession: () => void
const watch = {
  onEnded(_: string, listener: (how: 'REVOKED') => void) {
    endSession = () => listener('REVOKED')
    return () => undefined
  },
}
const make = () => createDevices({ states, watch, logger: createLogger('silent') })
let devices: ReturnType<typeof make>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'setImmediate'] })
  states = new FakeStates()
  devices = make()
})
afterEach(async () => {
  await devices.stop()
  vi.useRealTimers()
})

const pass = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
}

describe('connected devices', () => {
  test('are told at once, every ten seconds, and a last time when they go', async () => {
    const connected = devices.connect(viewer, phone)
    await pass(0)
    const sign = { type: 'SIGN', userId: 'ann', sessionId: 'a session', deviceId: 'phone', kind: 'MOBILE' }
    // That it connected does not say that somebody uses it: after a restart of the server all do.
    expect(states.told).toEqual([{ ...sign, idleMs: null, says: 'HERE' }])
    await pass(20_000)
    expect(states.told.slice(1)).toEqual([
      { ...sign, idleMs: null, says: null },
      { ...sign, idleMs: null, says: null },
    ])
    await pass(5_000)
    connected.disconnected()
    connected.disconnected()
    await pass(60_000)
    expect(states.told.slice(3)).toEqual([{ ...sign, idleMs: null, says: null }])
    expect(devices.count).toBe(0)
  })

  test('of 10,000 sockets are a few dozen calls, and their opening in one turn as well', async () => {
    for (let count = 0; count < 10_000; count++) devices.connect({ ...viewer, userId: `user ${count}` }, phone)
    await pass(0)
    expect(states.calls).toHaveLength(50)
    await pass(10_000)
    expect(states.calls).toHaveLength(100)
    expect(new Set(states.calls.slice(50).flatMap((call) => call.map(({ userId }) => userId))).size).toBe(10_000)
  })

  test('tell of activity with the next sign, and at once when they were idle', async () => {
    const connected = devices.connect(viewer, phone)
    await pass(1_000)
    connected.used()
    await pass(0)
    // The first time: it may have been idle since before it connected.
    expect(states.told.slice(1)).toMatchObject([{ type: 'SIGN', idleMs: 0, says: null }])
    await pass(8_000)
    connected.used()
    await pass(0)
    expect(states.told).toHaveLength(2)
    await pass(1_000)
    expect(states.told.at(-1)).toMatchObject({ idleMs: 1_000 })
    await pass(60_000)
    const before = states.told.length
    connected.used()
    await pass(0)
    expect(states.told.slice(before)).toMatchObject([{ type: 'SIGN', idleMs: 0, says: null }])
  })

  test('are told to a Redis that came back, and nothing waits for one that is away', async () => {
    const connected = devices.connect(viewer, phone)
    await pass(0)
    states.isAway = true
    for (let count = 0; count < 100; count++) devices.connect(viewer, { ...phone, id: `gone ${count}` }).disconnected()
    connected.used()
    await pass(60_000)
    expect(states.told).toHaveLength(1)
    states.isAway = false
    states.connected(true)
    await pass(0)
    expect(states.told.slice(1)).toMatchObject([{ deviceId: 'phone' }])
  })

  test('go with their session, and give no sign after that', async () => {
    const connected = devices.connect(viewer, phone)
    await pass(0)
    endSession()
    connected.disconnected()
    connected.used()
    await pass(60_000)
    expect(states.told.slice(1)).toEqual([{ type: 'SESSION_ENDED', userId: 'ann', sessionId: 'a session' }])
  })

  test('are told a last time by a process that stops', async () => {
    const connected = devices.connect(viewer, phone)
    await pass(0)
    connected.disconnected()
    const stopped = devices.stop()
    await pass(0)
    await stopped
    expect(states.told).toHaveLength(2)
  })
})

describe('activity in a session', () => {
  test('counts once in half a minute', async () => {
    for (let count = 0; count < 100; count++) devices.used(viewer)
    expect(devices.takeUsed()).toEqual([{ type: 'USED', userId: 'ann', sessionId: 'a session' }])
    await pass(29_999)
    devices.used(viewer)
    expect(devices.takeUsed()).toEqual([])
    await pass(1)
    devices.used(viewer)
    devices.used({ ...viewer, sessionId: 'another' })
    expect(devices.takeUsed()).toHaveLength(2)
  })

  test('is remembered of 10,000 sessions at the most', () => {
    for (let count = 0; count < 30_000; count++) devices.used({ ...viewer, sessionId: `session ${count}` })
    expect(devices.takeUsed()).toHaveLength(10_000)
    // The first ones are forgotten, the newest are not.
    devices.used({ ...viewer, sessionId: 'session 29999' })
    devices.used({ ...viewer, sessionId: 'session 0' })
    expect(devices.takeUsed()).toMatchObject([{ sessionId: 'session 0' }])
  })
})

describe('a feed of presence', () => {
  const ann = { id: 'ann' } as User
  const ben = { id: 'ben' } as User
  const online = { status: 'ONLINE', device: 'WEB', lastSeenAt: null } as const
  const away = { ...online, status: 'AWAY' } as const
  const left = (ms: number) => ({ status: 'OFFLINE', device: null, lastSeenAt: new Date(ms) }) as const
  let ended: PresenceFeed[]
  const open = () => new PresenceFeed(viewer, ['ann', 'ben'], watch, (feed) => ended.push(feed))

  beforeEach(() => {
    ended = []
  })

  test('holds the newest of each person, however much happens before it is read', () => {
    const feed = open()
    for (let count = 0; count < 1_000; count++) {
      feed.tell(ann, count % 2 ? online : away)
      feed.tell(ben, left(count))
    }
    expect([feed.take(), feed.take(), feed.take()]).toEqual([
      { user: ann, presence: online },
      { user: ben, presence: left(999) },
      null,
    ])
  })

  test('tells nothing twice, nor what is as it was when it was read last', () => {
    const feed = open()
    feed.tell(ann, online)
    expect(feed.take()).not.toBeNull()
    feed.tell(ann, { ...online })
    expect(feed.take()).toBeNull()
    feed.tell(ann, away)
    feed.tell(ann, online)
    expect(feed.take()).toBeNull()
    feed.tell(ann, left(1))
    feed.take()
    feed.tell(ann, left(1))
    expect(feed.take()).toBeNull()
    feed.tell(ann, left(2))
    expect(feed.take()).toEqual({ user: ann, presence: left(2) })
  })

  test('ends with the session, at once and for good', async () => {
    const feed = open()
    const next = feed.next()
    endSession()
    expect(await next).toEqual({ done: true, value: undefined })
    feed.tell(ann, online)
    expect(feed.take()).toBeNull()
    feed.end()
    expect(ended).toEqual([feed])
  })
})
