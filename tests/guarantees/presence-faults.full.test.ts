import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, expect, test, vi } from 'vitest'
import { crowdSecret } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import { openSocket } from '../testkit/open-socket.ts'
import type { Person } from '../testkit/person.ts'
import {
  followPresence,
  heartbeat,
  presencesOf,
  seesSoon,
  signUpPeople,
  statusesOf,
  updateSettings,
  uuidOf,
  type PresenceReader,
} from '../testkit/presence.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

interface World {
  redis: RedisServer
  database: TestDatabase
  /** Where the watchers are. */
  stays: ServerProcess
  start(): Promise<ServerProcess>
}

const worlds: World[] = []
afterAll(async () => {
  for (const { redis, stays } of worlds) {
    await stays.stop()
    await redis.stop()
  }
})

/** A Redis and a database of one's own. */
async function makeWorld(): Promise<World> {
  const [redis, database] = await Promise.all([startRedis(), createTestDatabase()])
  const start = () => startServer({ databaseUrl: database.url, redisUrl: redis.url, env: { JWT_SECRET: crowdSecret } })
  const world = { redis, database, stays: await start(), start }
  worlds.push(world)
  return world
}

const crowdSize = 50

/** Somebody who shares a group with a crowd. */
async function crowdAround({ database, stays }: World): Promise<{ ann: Person; crowd: Person[] }> {
  const [ann, ...crowd] = (await signUpPeople(database, stays.url, crowdSize + 1)) as [Person, ...Person[]]
  await ann.createGroup(crowd)
  return { ann, crowd }
}

const connectAll = (people: readonly Person[], url: string) =>
  Promise.all(people.map((person, index) => RawSocket.connect(person.on(`device ${index % 3}`, 'MOBILE', url))))

const allAre = (reader: PresenceReader, people: readonly Person[], status: string, timeout: number) =>
  vi.waitFor(() => expect(people.filter((person) => statusesOf(reader, person).at(-1) !== status)).toHaveLength(0), {
    timeout,
    interval: 100,
  })

// These two are mostly waiting.
test.concurrent(
  `kill -9 of a server with ${crowdSize} people: each is OFFLINE once, with the moment they were last seen`,
  async () => {
    const world = await makeWorld()
    const { database } = world
    const { ann, crowd } = await crowdAround(world)
    // Two processes look, and each person is found by one of them.
    const [dies, looksToo] = await Promise.all([world.start(), world.start()])
    await connectAll(crowd, dies.url)
    const readers = [await followPresence(ann, crowd), await followPresence(ann.at(looksToo.url), crowd)]
    for (const reader of readers) await allAre(reader, crowd, 'ONLINE', 10_000)

    dies.kill('SIGKILL')
    const killedAtMs = Date.now()
    await dies.exited
    // One of them was on two processes, and stays.
    const [lucky, ...others] = crowd as [Person, ...Person[]]
    const kept = await RawSocket.connect(lucky.on('device 0', 'MOBILE', looksToo.url))
    for (const reader of readers) await allAre(reader, others, 'OFFLINE', 45_000)
    // Whoever found some of them OFFLINE as well would have told by now.
    await sleep(2_000)
    for (const reader of readers) {
      for (const person of others) {
        expect(statusesOf(reader, person).filter((status) => status !== 'ONLINE')).toEqual(['OFFLINE'])
        expect(statusesOf(reader, person).at(-1)).toBe('OFFLINE')
      }
      expect(statusesOf(reader, lucky).at(-1)).toBe('ONLINE')
      expect(statusesOf(reader, lucky)).not.toContain('AWAY')
    }
    // The last sign came at most ten seconds before the end, whenever it was noticed.
    for (const person of others) {
      const seen = presencesOf(readers[0]!, person).at(-1)
      const lastSeenMs = Date.parse(seen?.lastSeenAt ?? '')
      expect(lastSeenMs).toBeGreaterThan(killedAtMs - 15_000)
      expect(lastSeenMs).toBeLessThanOrEqual(killedAtMs + 1_000)
    }
    const written = () =>
      database.query('SELECT last_seen_at AS at FROM users WHERE id = ANY ($1::uuid[]) AND last_seen_at IS NOT NULL', [
        others.map(({ id }) => uuidOf(id)),
      ])
    await vi.waitFor(async () => expect(await written()).toHaveLength(others.length), 10_000)
    const told = others.map((person) => presencesOf(readers[0]!, person).at(-1)?.lastSeenAt).sort()
    expect((await written()).map(({ at }) => (at as Date).toISOString()).sort()).toEqual(told)
    kept.socket.terminate()
    await looksToo.stop()
  },
)

test.concurrent(
  'Redis that is stopped and started again knows within 15 s who has an open socket; meanwhile nobody is told anything',
  async () => {
    const world = await makeWorld()
    const { stays } = world
    const { ann, crowd } = await crowdAround(world)
    const other = await world.start()
    const half = crowd.slice(0, crowdSize / 2)
    await connectAll(half, other.url)
    await connectAll(crowd.slice(crowdSize / 2), stays.url)
    const reader = await followPresence(ann, crowd)
    await allAre(reader, crowd, 'ONLINE', 10_000)
    const before = reader.events.length

    await world.redis.stop()
    await seesSoon(ann, crowd[0]!, { status: 'OFFLINE', lastSeenAt: null })
    // Nothing fails or waits for it: heartbeats, settings, new subscriptions, sockets that come and go.
    expect(await heartbeat(ann, 'ONLINE')).toMatchObject({ status: 'OFFLINE' })
    await updateSettings(ann, { presenceSharing: 'CONTACTS' })
    await updateSettings(ann, { presenceSharing: 'EVERYONE' })
    const late = await followPresence(ann, crowd)
    await late.waitForCount(crowdSize)
    expect(new Set(late.events.map(({ presence }) => presence.status))).toEqual(new Set(['OFFLINE']))
    const [, comes] = crowd as [Person, Person]
    const coming = await openSocket(comes.on('another', 'MOBILE', stays.url))
    expect(await coming.ask('{ viewer { user { presence { status } } } }')).toMatchObject({
      data: { viewer: { user: { presence: { status: 'OFFLINE' } } } },
    })

    world.redis = await startRedis(world.redis.port)
    for (const person of crowd) await seesSoon(ann, person, { status: 'ONLINE' }, 15_000)
    await seesSoon(ann.at(other.url), half[0]!, { status: 'ONLINE' })
    // Who was told before heard nothing at all of it, also when everybody was looked at again.
    await sleep(effort(17_000, 1_000))
    expect(reader.events.length).toBe(before)
    await allAre(late, crowd, 'ONLINE', effort(1_000, 16_000))
    // And goes on hearing.
    await heartbeat(crowd[0]!, 'OFFLINE', 'device 0')
    await reader.waitForCount(before + 1)
    await other.stop()
  },
)

test('what is done counts as activity: over HTTP for the session, on a socket for its device; a heartbeat of AWAY does not', async () => {
  const { redis, database, stays } = await makeWorld()
  const direct = new Redis(redis.url)
  const [ann, ben] = (await signUpPeople(database, stays.url, 2)) as [Person, Person]
  const activeAt = async (deviceId: string) =>
    Number((await direct.hget(`parley:{presence}:devices:${uuidOf(ann.id)}`, deviceId))?.split('|')[2])
  const socket = await openSocket(ann.on('by socket', 'WEB'))
  await heartbeat(ann, 'ONLINE', 'by http')
  const first = await activeAt('by http')
  await heartbeat(ann, 'AWAY', 'by http')
  expect(await activeAt('by http')).toBe(first)
  await heartbeat(ann, 'ONLINE', 'by http')
  const second = await activeAt('by http')
  expect(second).toBeGreaterThan(first)

  const opened = await activeAt('by socket')
  const query = 'mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { status } }'
  await socket.ask(query, { input: { deviceId: 'a third', kind: 'WEB', status: 'AWAY' } })
  await sleep(500)
  const id = await ann.startDirect(ben)
  await expect.poll(() => activeAt('by http')).toBeGreaterThan(second)
  // Both are of one session.
  const afterHttp = await activeAt('by socket')
  expect(afterHttp).toBeGreaterThan(opened)
  await sleep(1_000)
  // Clients ask by themselves.
  await socket.ask('{ viewer { user { id } } }')
  await sleep(500)
  expect(await activeAt('by socket')).toBe(afterHttp)
  await socket.ask('mutation ($id: ID!) { setTyping(input: { conversationId: $id, typing: true }) }', { id })
  await expect.poll(() => activeAt('by socket'), { timeout: 15_000 }).toBeGreaterThan(afterHttp + 900)
  await direct.quit()
})
