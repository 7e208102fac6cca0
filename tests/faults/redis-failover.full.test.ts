import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { casesOf, inFullRun } from '../testkit/effort.ts'
import { openSocket } from '../testkit/open-socket.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { presenceOf, seesSoon } from '../testkit/presence.ts'
import { readiness, untilReadiness } from '../testkit/proxied.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import type { Reader } from '../testkit/reader.ts'
import type { ConversationEvent } from '../testkit/replica.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/*
 * A Redis that answers, and is of no use all the same: the former primary of a failover, a full memory, a password that has
 * changed. The servers reach it at an address that a failover moves to another one.
 */

let first: RedisServer
let second: RedisServer
let front: Proxy
let servers: [ServerProcess, ServerProcess]
let ann: Person
let bob: Person
let conversation: string
let live: Reader<ConversationEvent>
const admins: Redis[] = []

const adminOf = ({ url }: RedisServer): Redis => {
  const admin = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  admin.on('error', () => undefined)
  admins.push(admin)
  return admin
}

beforeAll(async () => {
  ;[first, second] = await Promise.all([startRedis(), startRedis()])
  front = await startProxy(first.port)
  const { url: databaseUrl } = await createTestDatabase()
  const options = { databaseUrl, redisUrl: `redis://127.0.0.1:${front.port}`, env: { LOG_LEVEL: 'info' } }
  servers = await Promise.all([startServer(options), startServer(options)])
  ;[ann, bob] = await Promise.all([signUp(servers[0].url), signUp(servers[1].url)])
  conversation = await ann.startDirect(bob)
  live = await bob.conversationEvents(conversation)
  await openSocket(ann.on('phone', 'MOBILE', servers[0].url))
})
afterAll(async () => {
  for (const admin of admins) admin.disconnect()
  await Promise.all(servers.map((server) => server.stop()))
  await Promise.all([first.stop(), second.stop()])
})

const outage = 'Redis is unreachable'
const end = 'Redis is back'

let count = 0
/** Events go on, whichever way they take. */
async function eventsGoOn() {
  const text = `Message ${++count}`
  await ann.send(conversation, text)
  await live.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === text)
  expect(live.ended).toBeNull()
}

/** Lines of these words that each server has written since then. */
const linesSince = (places: number[], words: string) =>
  servers.map((server, at) =>
    server
      .logs()
      .slice(places[at])
      .split('\n')
      .filter((line) => line.includes(words)),
  )

/** While it is refused both say so once, and nobody waits for Redis; when it is over all is as before, by itself. */
async function isNoticedAndOver(refuse: () => Promise<unknown>, reason: string | RegExp, mend: () => Promise<unknown>) {
  await seesSoon(bob, ann, { status: 'ONLINE', device: 'MOBILE' }, 20_000)
  await eventsGoOn()
  const places = servers.map((server) => server.logs().length)
  try {
    await refuse()
    await expect.poll(() => linesSince(places, outage).join(), { timeout: 20_000 }).toMatch(reason)
    for (const server of servers)
      await expect
        .poll(async () => (await readiness(server)).body, { timeout: 20_000 })
        .toMatchObject({ status: 'degraded', checks: { database: 'ok', bus: 'unreachable' } })
    await eventsGoOn()
    await expect.poll(() => presenceOf(bob, ann), { timeout: 20_000 }).toMatchObject({ status: 'OFFLINE' })
  } finally {
    await mend()
  }
  for (const server of servers) await untilReadiness(server, 'ok')
  await seesSoon(bob, ann, { status: 'ONLINE', device: 'MOBILE' }, 20_000)
  await eventsGoOn()
  // By the bus alone: nothing of this is in the log.
  const typing = await bob.typingEvents(conversation)
  await expect
    .poll(
      async () => {
        await ann.setTyping(conversation, true)
        return typing.events.length
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0)
  typing.cut()
  // One line for each outage and one for its end: a busy machine may have had more than this one.
  for (const lines of linesSince(places, 'Redis is ')) {
    const isEnd = lines.map((line) => line.includes(end))
    expect(isEnd, lines.join('\n')).toEqual(isEnd.map((_, at) => at % 2 === 1))
  }
}

test('a failover that leaves all connections where they are: READONLY, and by itself to the new primary', async () => {
  const [former, next] = [adminOf(first), adminOf(second)]
  await next.replicaof('127.0.0.1', first.port)
  await expect.poll(async () => await next.info('replication')).toContain('master_link_status:up')
  await isNoticedAndOver(
    async () => {
      await next.replicaof('NO', 'ONE')
      await former.replicaof('127.0.0.1', second.port)
    },
    'READONLY',
    async () => front.retarget(second.port),
  )
  // Both ways of the bus are at the new one.
  expect(await former.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).toBe('')
})

const refusals: [string, (admin: Redis) => Promise<unknown>, (admin: Redis) => Promise<unknown>][] = [
  ['OOM', (admin) => admin.config('SET', 'maxmemory', '1'), (admin) => admin.config('SET', 'maxmemory', '0')],
  [
    'NOREPLICAS',
    (admin) => admin.config('SET', 'min-replicas-to-write', '3'),
    (admin) => admin.config('SET', 'min-replicas-to-write', '0'),
  ],
  [
    // Of two refusals, that of a replica and that of one without its primary, this is the first.
    'READONLY',
    async (admin) => {
      await admin.config('SET', 'replica-serve-stale-data', 'no')
      await admin.replicaof('127.0.0.1', 1)
    },
    (admin) => admin.replicaof('NO', 'ONE'),
  ],
]

test.each(casesOf(refusals, (_, index) => index === 0))('a Redis that says %s', async (reason, refuse, mend) => {
  const admin = adminOf(second)
  await isNoticedAndOver(
    () => refuse(admin),
    reason,
    () => mend(admin),
  )
})

inFullRun(() =>
  test('a node of a cluster that is down', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-cluster-'))
    const node = await startRedis(undefined, ['--cluster-enabled', 'yes', '--dir', folder])
    await isNoticedAndOver(
      async () => {
        front.retarget(node.port)
        front.cut()
        front.heal()
      },
      'reason',
      // Nobody cuts these connections: that they are of no use is for the servers to see.
      async () => front.retarget(second.port),
    )
    await node.stop()
    await rm(folder, { recursive: true })
  }),
)

inFullRun(() =>
  test('a password that connections do not know: NOAUTH for those that are new, nothing for those that are there', async () => {
    const admin = adminOf(second)
    const before = servers.map((server) => server.logs().length)
    await admin.config('SET', 'requirepass', 'secret')
    await eventsGoOn()
    await untilReadiness(servers[0], 'ok')
    expect(linesSince(before, 'NOAUTH').flat()).toEqual([])
    await admin.config('SET', 'requirepass', '')
    await isNoticedAndOver(
      async () => {
        await admin.config('SET', 'requirepass', 'secret')
        front.cut()
        front.heal()
      },
      // The loss of the connections is what is seen first.
      'reason',
      () => admin.config('SET', 'requirepass', ''),
    )
  }),
)

test('a Redis that is halted, with its connections open', async () => {
  const pid = Number(/process_id:(\d+)/.exec(await adminOf(second).info('server'))?.[1])
  await isNoticedAndOver(
    async () => process.kill(pid, 'SIGSTOP'),
    // Whichever of its connections waits first.
    /no answer|not answered/,
    async () => process.kill(pid, 'SIGCONT'),
  )
})
