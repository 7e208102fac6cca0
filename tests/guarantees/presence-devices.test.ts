import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { topics } from '../../src/bus/topics.ts'
import { createInProcessPresence } from '../../src/ephemeral/inprocess.ts'
import {
  idleAfterMs,
  lifeMs,
  maxDevices,
  savedForMs,
  steadyMs,
  type Change,
  type PresenceStates,
} from '../../src/ephemeral/presence.ts'
import { createRedisPresence } from '../../src/ephemeral/redis.ts'
import { startRedis } from '../testkit/redis.ts'

/*
 * The rules of devices, held to by both implementations, with a clock that the test moves. Of the one in Redis there are
 * two clients, as two processes would have them.
 */

let nowMs = 1_800_000_000_000
const clock = () => nowMs
const pass = (ms: number) => (nowMs += ms)

interface World {
  states: [PresenceStates, PresenceStates]
  /** Resolves with all that was announced so far: each person as often as they were. */
  announced(): Promise<string[]>
}

const ends: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

async function inRedis(): Promise<World> {
  const url = inject('redisUrl')
  const prefix = `parley:{${randomUUID()}}:`
  const clients = [1, 2].map(() => createRedisPresence({ url, prefix, nowMs: clock }))
  for (const client of clients) ends.push(() => client.close())
  await Promise.all(clients.map((client) => new Promise<void>((resolve) => client.onConnected(() => resolve()))))
  const heard: string[] = []
  const ownMark = randomUUID()
  const redis = new Redis(url)
  const subscriber = redis.duplicate()
  ends.push(
    () => redis.quit(),
    () => subscriber.quit(),
  )
  subscriber.on('message', (_, payload: string) => {
    // Other tests use this Redis too, and send what is no announcement.
    if (payload.startsWith('["user-') || payload.includes(ownMark)) heard.push(...(JSON.parse(payload) as string[]))
  })
  await subscriber.subscribe(topics.presence)
  return {
    states: clients as World['states'],
    async announced() {
      // What was published before this comes before this.
      const mark = `${ownMark} ${randomUUID()}`
      await redis.publish(topics.presence, JSON.stringify([mark]))
      await vi.waitFor(() => expect(heard).toContain(mark))
      return heard.filter((id) => id.startsWith('user-'))
    },
  }
}

function inProcess(): Promise<World> {
  const heard: string[] = []
  const states = createInProcessPresence({ announce: (ids) => heard.push(...ids), nowMs: clock })
  return Promise.resolve({ states: [states, states], announced: () => Promise.resolve(heard) })
}

describe.each([
  ['in Redis', inRedis],
  ['in the process', inProcess],
])('devices %s', (_, makeWorld) => {
  let made: World | undefined
  let states: PresenceStates
  let other: PresenceStates
  let user: string

  beforeEach(async () => {
    made ??= await makeWorld()
    ;[states, other] = made.states
    user = `user-${randomUUID()}`
  })

  type Sign = Extract<Change, { type: 'SIGN' }>
  const sign = (deviceId: string, change: Partial<Sign> = {}): Sign => ({
    type: 'SIGN',
    userId: user,
    sessionId: 'a session',
    deviceId,
    kind: 'WEB',
    idleMs: 0,
    says: null,
    ...change,
  })
  const state = async () => (await states.read([user]))[0] ?? null
  const announcements = async () => (await made!.announced()).filter((id) => id === user).length
  /** Lets time pass in steps of ten seconds, in which what is given is renewed and both processes look. */
  const live = async (ms: number, changes: () => Change[] = () => []) => {
    for (let left = ms; left > 0; left -= 10_000) {
      pass(Math.min(left, 10_000))
      if (changes().length > 0) await states.apply(changes())
      await Promise.all([states.sweep(), other.sweep()])
    }
  }
  const unsaved = async () => (await states.sweep()).unsaved.filter(({ userId }) => userId === user)

  test('nobody is known before the first sign', async () => {
    expect(await state()).toBeNull()
  })

  test('a device is ONLINE with its sign, and OFFLINE 30 s after the last one, seen last at that one', async () => {
    await states.apply([sign('phone', { kind: 'MOBILE' })])
    expect(await state()).toEqual({ status: 'ONLINE', device: 'MOBILE', lastSeenAtMs: null })
    const lastSignMs = nowMs
    pass(lifeMs - 1)
    await Promise.all([states.sweep(), other.sweep()])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    pass(1)
    await Promise.all([states.sweep(), other.sweep()])
    expect(await state()).toEqual({ status: 'OFFLINE', device: null, lastSeenAtMs: lastSignMs })
    expect(await announcements()).toBe(2)
  })

  test('a sign of one that has been silent counts from when it was heard of last, and takes nothing from a newer one', async () => {
    await states.apply([sign('a')])
    pass(5_000)
    const heardAtMs = nowMs
    await other.apply([sign('a')])
    // What is left of its former connection is still open, and goes on giving signs.
    for (let round = 0; round < 3; round++) {
      pass(8_000)
      await states.apply([sign('a', { silentMs: nowMs - heardAtMs + 5_000 })])
    }
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    pass(lifeMs - 24_000)
    await states.apply([sign('a', { silentMs: lifeMs })])
    await Promise.all([states.sweep(), other.sweep()])
    expect(await state()).toEqual({ status: 'OFFLINE', device: null, lastSeenAtMs: heardAtMs })
    expect(await announcements()).toBe(2)
    await states.apply([sign('a', { silentMs: 4_000 })])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
  })

  test('each change is announced once, however many look and tell', async () => {
    for (let round = 1; round <= 3; round++) {
      const signs = Array.from({ length: 20 }, () => [states, other].map((each) => each.apply([sign('a')])))
      await Promise.all(signs.flat())
      expect(await announcements()).toBe(2 * round - 1)
      pass(lifeMs)
      await Promise.all(Array.from({ length: 10 }, () => [states.sweep(), other.sweep()]).flat())
      expect(await announcements()).toBe(2 * round)
    }
  })

  test('signs in time keep a device, however long', async () => {
    await states.apply([sign('a')])
    await live(20 * 60_000, () => [sign('a')])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    expect(await announcements()).toBe(1)
  })

  test('two devices that drop in and out within 30 s cause no event', async () => {
    await states.apply([sign('a'), sign('b')])
    // Each is away for 29 s at a time, and at times both are.
    for (let round = 0; round < 20; round++) {
      pass(29_000)
      await Promise.all([states.sweep(), other.sweep()])
      await states.apply([sign(round % 2 ? 'a' : 'b')])
    }
    expect(await announcements()).toBe(1)
  })

  test('two sockets of one device are one', async () => {
    await Promise.all([states.apply([sign('a')]), other.apply([sign('a')])])
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'a' }])
    expect(await state()).toEqual({ status: 'OFFLINE', device: null, lastSeenAtMs: nowMs })
  })

  test('five minutes without activity are AWAY, and the next activity is ONLINE at once', async () => {
    await states.apply([sign('a')])
    const usedAtMs = nowMs
    await live(idleAfterMs - 1, () => [sign('a', { idleMs: nowMs - usedAtMs })])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    pass(1)
    await other.sweep()
    expect(await state()).toEqual({ status: 'AWAY', device: 'WEB', lastSeenAtMs: null })
    await states.apply([sign('a')])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    expect(await announcements()).toBe(3)
  })

  test('what is done in the session counts for its devices, and for no other', async () => {
    const signs = () => [sign('a', { idleMs: null }), sign('b', { sessionId: 'another', idleMs: null })]
    await states.apply(signs())
    await live(idleAfterMs, signs)
    expect(await state()).toMatchObject({ status: 'AWAY' })
    await other.apply([{ type: 'USED', userId: user, sessionId: 'a third' }])
    expect(await state()).toMatchObject({ status: 'AWAY' })
    await other.apply([{ type: 'USED', userId: user, sessionId: 'another' }])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'b' }])
    expect(await state()).toMatchObject({ status: 'AWAY' })
  })

  test('a device that said AWAY stays so until it says ONLINE, whatever is done on it', async () => {
    await states.apply([sign('a', { says: 'AWAY', idleMs: null })])
    await states.apply([sign('a'), { type: 'USED', userId: user, sessionId: 'a session' }])
    expect(await state()).toMatchObject({ status: 'AWAY' })
    await states.apply([sign('a', { says: 'ONLINE' })])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
  })

  test('a device that said it is gone stays so, also while its socket is there, until it says otherwise or connects', async () => {
    await states.apply([sign('a', { says: 'HERE' })])
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'a' }])
    const leftAtMs = nowMs
    await live(60_000, () => [sign('a')])
    expect(await state()).toEqual({ status: 'OFFLINE', device: null, lastSeenAtMs: leftAtMs })
    await states.apply([sign('a', { says: 'AWAY' })])
    expect(await state()).toMatchObject({ status: 'AWAY' })
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'a' }])
    await states.apply([sign('a', { says: 'HERE' })])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    await states.apply([sign('a', { says: 'AWAY' }), sign('a', { says: 'HERE' })])
    expect(await state()).toMatchObject({ status: 'AWAY' })
  })

  test('what a device that said it is gone leaves behind moves no last moment', async () => {
    await states.apply([sign('a')])
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'a' }])
    const leftAtMs = nowMs
    pass(10_000)
    await states.apply([sign('a')])
    await live(lifeMs)
    expect(await state()).toEqual({ status: 'OFFLINE', device: null, lastSeenAtMs: leftAtMs })
    expect(await announcements()).toBe(2)
  })

  test('the best of the devices counts', async () => {
    await states.apply([sign('a', { kind: 'DESKTOP', says: 'AWAY' })])
    expect(await state()).toEqual({ status: 'AWAY', device: 'DESKTOP', lastSeenAtMs: null })
    await other.apply([sign('b', { kind: 'MOBILE' })])
    expect(await state()).toEqual({ status: 'ONLINE', device: 'MOBILE', lastSeenAtMs: null })
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'b' }])
    expect(await state()).toEqual({ status: 'AWAY', device: 'DESKTOP', lastSeenAtMs: null })
    expect(await announcements()).toBe(3)
  })

  test('two devices in steady use do not flicker; one that is left alone for a minute gives way', async () => {
    await states.apply([sign('a', { kind: 'DESKTOP' }), sign('b', { kind: 'MOBILE', idleMs: 5_000 })])
    expect(await state()).toMatchObject({ device: 'DESKTOP' })
    for (let round = 0; round < 10; round++) {
      pass(10_000)
      const [deskIdleMs, phoneIdleMs] = round % 2 ? [0, 9_000] : [9_000, 0]
      await states.apply([sign('a', { kind: 'DESKTOP', idleMs: deskIdleMs })])
      await other.apply([sign('b', { kind: 'MOBILE', idleMs: phoneIdleMs })])
    }
    expect(await announcements()).toBe(1)
    const deskUsedAtMs = nowMs
    await live(steadyMs, () => [
      sign('a', { kind: 'DESKTOP', idleMs: nowMs - deskUsedAtMs }),
      sign('b', { kind: 'MOBILE' }),
    ])
    expect(await state()).toMatchObject({ device: 'DESKTOP' })
    await live(10_000, () => [
      sign('a', { kind: 'DESKTOP', idleMs: nowMs - deskUsedAtMs }),
      sign('b', { kind: 'MOBILE' }),
    ])
    expect(await state()).toMatchObject({ device: 'MOBILE' })
    expect(await announcements()).toBe(2)
  })

  test('the kind of a device is the one it had first, until the device says another', async () => {
    await states.apply([sign('a', { kind: 'WEB' })])
    await states.apply([sign('a', { kind: 'MOBILE' })])
    expect(await state()).toMatchObject({ device: 'WEB' })
    await states.apply([sign('a', { kind: 'DESKTOP', says: 'ONLINE' })])
    expect(await state()).toMatchObject({ device: 'DESKTOP' })
    await states.apply([sign('a', { kind: 'WEB' })])
    expect(await state()).toMatchObject({ device: 'DESKTOP' })
  })

  test('with a session go its devices at once', async () => {
    await states.apply([sign('a'), sign('b', { sessionId: 'another' })])
    pass(10_000)
    await other.apply([{ type: 'SESSION_ENDED', userId: user, sessionId: 'another' }])
    expect(await state()).toMatchObject({ status: 'ONLINE' })
    await other.apply([{ type: 'SESSION_ENDED', userId: user, sessionId: 'a session' }])
    expect(await state()).toEqual({ status: 'OFFLINE', device: null, lastSeenAtMs: nowMs - 10_000 })
    expect(await announcements()).toBe(2)
  })

  test('the last sign counts, also when its device is gone before another', async () => {
    await states.apply([sign('a'), sign('b')])
    pass(10_000)
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'b' }])
    const leftAtMs = nowMs
    pass(lifeMs - 10_000)
    await states.sweep()
    expect(await state()).toEqual({ status: 'OFFLINE', device: null, lastSeenAtMs: leftAtMs })
  })

  test('the moment somebody was last seen is there to be saved until it is, and answered for a while after', async () => {
    await states.apply([sign('a')])
    const firstMs = nowMs
    pass(lifeMs)
    await other.sweep()
    expect(await unsaved()).toEqual([{ userId: user, atMs: firstMs }])
    // Not saved, but there again and gone again.
    await states.apply([sign('a'), { type: 'LEFT', userId: user, deviceId: 'a' }])
    const lastMs = nowMs
    await states.saved([{ userId: user, atMs: firstMs }])
    expect(await unsaved()).toEqual([{ userId: user, atMs: lastMs }])
    await states.saved([{ userId: user, atMs: lastMs }])
    expect(await unsaved()).toEqual([])
    expect(await state()).toMatchObject({ status: 'OFFLINE', lastSeenAtMs: lastMs })
  })

  test('somebody who is forgotten leaves nothing to save', async () => {
    await states.apply([sign('a')])
    await states.apply([{ type: 'LEFT', userId: user, deviceId: 'a' }])
    await states.apply([{ type: 'FORGET', userId: user }])
    expect(await state()).toBeNull()
    expect(await unsaved()).toEqual([])
    await states.apply([sign('a')])
    await states.apply([{ type: 'FORGET', userId: user }])
    expect(await state()).toBeNull()
    expect(await announcements()).toBe(4)
  })

  test(`of more than ${maxDevices} devices the one that gave its last sign first makes room`, async () => {
    await states.apply([sign('first', { kind: 'MOBILE' })])
    pass(1)
    for (let count = 1; count < maxDevices; count++) await states.apply([sign(`d${count}`, { idleMs: steadyMs })])
    expect(await state()).toMatchObject({ device: 'MOBILE' })
    pass(1)
    await states.apply([sign('one more', { idleMs: steadyMs })])
    expect(await state()).toMatchObject({ device: 'WEB' })
  })

  test('many people are told of and read at once', async () => {
    const crowd = Array.from({ length: 200 }, () => `user-${randomUUID()}`)
    await states.apply(crowd.map((userId) => sign('a', { userId })))
    expect((await other.read(crowd)).map((each) => each?.status)).toEqual(crowd.map(() => 'ONLINE'))
    pass(lifeMs)
    await Promise.all([states.sweep(), other.sweep()])
    const heard = (await made!.announced()).filter((id) => crowd.includes(id))
    expect(heard.sort()).toEqual([...crowd, ...crowd].sort())
  })
})

test('in the process nothing is kept of who was seen and saved, after a while', async () => {
  const states = createInProcessPresence({ announce: () => undefined, nowMs: clock })
  await states.apply([{ type: 'SIGN', userId: 'u', sessionId: 's', deviceId: 'd', kind: 'WEB', idleMs: 0, says: null }])
  pass(lifeMs)
  const { unsaved } = await states.sweep()
  await states.saved(unsaved)
  expect(await states.read(['u'])).toMatchObject([{ status: 'OFFLINE' }])
  pass(savedForMs)
  await states.sweep()
  expect(await states.read(['u'])).toEqual([null])
})

describe('a Redis of its own', () => {
  test('that lost its memory is told again, and runs by its own clock', async () => {
    const first = await startRedis()
    const states = createRedisPresence({ url: first.url })
    ends.push(() => states.close())
    const connections: boolean[] = []
    states.onConnected((isBack) => connections.push(isBack))
    await vi.waitFor(() => expect(connections).toEqual([false]))
    const sign: Change = {
      type: 'SIGN',
      userId: 'u',
      sessionId: 's',
      deviceId: 'd',
      kind: 'WEB',
      idleMs: 1_000,
      says: null,
    }
    await states.apply([sign])
    expect(await states.read(['u'])).toMatchObject([{ status: 'ONLINE' }])

    await first.stop()
    await vi.waitFor(() => expect(states.read(['u'])).rejects.toThrow('unreachable'))
    await expect(states.apply([sign])).rejects.toThrow('unreachable')
    await expect(states.sweep()).rejects.toThrow('unreachable')

    const second = await startRedis(first.port)
    ends.push(() => second.stop())
    await vi.waitFor(() => expect(connections).toEqual([false, true]), 10_000)
    expect(await states.read(['u'])).toEqual([null])
    const redis = new Redis(second.url)
    ends.push(() => redis.quit())
    const lasting = async () => {
      const keys = await redis.keys('*')
      const left = await Promise.all(keys.map((key) => redis.pttl(key)))
      return keys.filter((_, index) => left[index] === -1)
    }
    await states.apply([sign])
    expect(await lasting()).toEqual([])
    await states.apply([{ type: 'SESSION_ENDED', userId: 'u', sessionId: 's' }])
    expect(await lasting()).toEqual([])
    const before = Date.now()
    const [state] = await states.read(['u'])
    expect(Math.abs(before - (state?.lastSeenAtMs ?? 0))).toBeLessThan(60_000)
    // What Redis keeps of somebody who is seen and saved goes by itself.
    await states.saved((await states.sweep()).unsaved)
    expect(await redis.pttl('parley:{presence}:state:u')).toBeLessThanOrEqual(savedForMs)
    expect((await redis.keys('*')).sort()).toEqual(['parley:{presence}:state:u'])
  })
})
