import { beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { ask, askSocket, send as sendRaw } from '../testkit/api.ts'
import { crowdSecret } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { newKey, type Person } from '../testkit/person.ts'
import { signUpPeople } from '../testkit/presence.ts'
import { readiness } from '../testkit/proxied.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/*
 * The limits that are counted over a minute or more, by LIMITS=strict and one of LIMITS=internet, over two processes: each is reached
 * through the API, and what is refused is told when to come again.
 */
let redis: RedisServer
let database: TestDatabase
/** WebSockets of other tests. */
let openedCount = 0
let servers: [ServerProcess, ServerProcess]
beforeAll(async () => {
  redis = await startRedis()
  database = await createTestDatabase()
  const env = { RATE_LIMITS: 'on', LIMITS: 'strict', READ_POINTS_PER_MINUTE: '3000', JWT_SECRET: crowdSecret }
  const options = { databaseUrl: database.url, redisUrl: redis.url, env }
  servers = await Promise.all([startServer(options), startServer(options)])
  for (const server of servers) {
    await vi.waitFor(async () => expect((await readiness(server)).body.status).toBe('ok'), 30_000)
  }
})

const people = (count: number) => signUpPeople(database, servers[0].url, count)
const login = `mutation { login(input: { handle: "nobody", password: "wrong wrong" }) { __typename } }`
const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }`

type Ask = (url: string) => Promise<{ status: number; headers: Headers; errors?: { extensions: { code: string } }[] }>

/** How many of these, each of so many points, were let through. Each other one is refused as a whole, and told when to come again. */
async function allowed(count: number, one: Ask, points = 1): Promise<number> {
  let through = 0
  for (let at = 0; at < count; at++) {
    const { status, headers, errors } = await one(servers[at % 2]!.url)
    if (status === 200 && !errors) through++
    else {
      expect(errors).toMatchObject([
        { extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) as number } },
      ])
      expect(status).toBe(429)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      expect(Number(headers.get('x-ratelimit-remaining'))).toBeLessThan(points)
      expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(0)
    }
  }
  return through
}

/** The status with which a WebSocket is refused; 101 when it opens. */
const connecting = (url: string) =>
  new Promise<{ status: number; retryAfter: number }>((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
    socket.on('unexpected-response', (_, { statusCode = 0, headers }) => {
      resolve({ status: statusCode, retryAfter: Number(headers['retry-after']) })
    })
    socket.on('open', () => {
      resolve({ status: 101, retryAfter: 0 })
      socket.terminate()
    })
    socket.on('error', () => undefined)
  })

const sendTo = (person: Person, conversationId: string): Ask => {
  return (url) => ask(person.at(url), send, { input: { conversationId, text: 'Hello', clientMessageId: newKey() } })
}

describe('what is counted', () => {
  test('sends: 30 a minute of one person, and none of the others is written', async () => {
    const [ann, bob] = (await people(2)) as [Person, Person]
    const conversationId = await ann.createGroup([bob])
    expect(await allowed(36, sendTo(ann, conversationId))).toBe(30)
    const { data } = await ask(bob, 'query ($id: ID!) { conversation(id: $id) { headSeq } }', { id: conversationId })
    expect(data).toEqual({ conversation: { headSeq: 30 } })
    expect(await allowed(1, sendTo(bob, conversationId))).toBe(1)
  })

  test('queries: 60 a minute of one person, by HTTP and WebSocket together, and what they come to', async () => {
    const [ann, bob] = (await people(2)) as [Person, Person]
    const query = '{ viewer { id } }'
    const first = await ask(ann, query)
    const headers = ['limit', 'remaining', 'reset'].map((name) => Number(first.headers.get(`x-ratelimit-${name}`)))
    expect(headers.slice(0, 2)).toEqual([60, 59])
    expect(headers[2]).toBeGreaterThan(50)
    expect(await allowed(63, (url) => ask(ann.at(url), query))).toBe(59)
    openedCount++
    expect((await askSocket(ann.at(servers[1].url), query)).errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED' } },
    ])
    // Also those whose answers the server keeps.
    const [cleo] = (await people(1)) as [Person]
    const inbox = '{ inbox(first: 1) { edges { node { id } } } }'
    expect(await allowed(63, (url) => ask(cleo.at(url), inbox))).toBe(60)
    // 100 people a page are over 100 objects: some thirty pages.
    const page = '{ searchUsers(query: "a", first: 100) { nodes { id } } }'
    const cost = await sendRaw(servers[0].url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bob.session.accessToken}` },
      body: JSON.stringify({ query: page, extensions: { cost: true } }),
    })
    const { objects } = (JSON.parse(cost.text) as { extensions: { cost: { objects: number } } }).extensions.cost
    expect(objects).toBeGreaterThan(100)
    const pages = Math.floor(3_000 / objects)
    expect(await allowed(pages + 2, (url) => ask(bob.at(url), page), objects)).toBe(pages - 1)
  })

  test('what mutations answer in pages, and nothing is done where that is too much', async () => {
    const [ann, bob] = (await people(2)) as [Person, Person]
    const conversationId = await ann.createGroup([bob])
    for (let at = 0; at < 25; at++) await bob.send(conversationId, `Number ${String(at)}`)
    const markRead = (seq: number, fields: string) =>
      `mutation { markRead(input: { conversationId: "${conversationId}", seq: ${String(seq)} }) {
        ... on MarkReadSuccess { entry { lastReadSeq ${fields} } } } }`
    const page =
      'conversation { members(first: 100) { nodes { id user { id } } } messages(first: 100) { nodes { id } } }'
    let seq = 0
    const reading = (url: string) => ask(ann.at(url), markRead(++seq, page))
    const through = await allowed(20, reading, 1_000)
    // Each is over 300 objects.
    expect(through).toBeGreaterThan(3)
    expect(through).toBeLessThan(10)
    // What asks for nothing of the kind goes on, also when nothing is left; the refused ones did nothing.
    const last = await ask<{ markRead: { entry: { lastReadSeq: number } } }>(ann, markRead(1, ''))
    expect(last.data?.markRead.entry.lastReadSeq).toBe(through)
  })

  test('logins: 5 in a quarter of an hour from one address', async () => {
    expect(await allowed(7, (url) => ask(url, login))).toBe(5)
  })

  test('WebSockets: 10 a minute from one address, and the others are refused before they open', async () => {
    const answers = []
    for (let at = 0; at < 13; at++) answers.push(await connecting(servers[at % 2]!.url))
    expect(answers.filter(({ status }) => status === 101)).toHaveLength(10 - openedCount)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(3 + openedCount)
    for (const { retryAfter } of refused) expect(retryAfter).toBeGreaterThan(0)
  })

  test('goes on in each process by itself while Redis hangs, nobody waits for it, and for both when it is back', async () => {
    const [ann, bob, cleo, ...others] = (await people(9)) as [Person, Person, Person, ...Person[]]
    const conversationId = await ann.createGroup([bob, cleo, ...others])
    const query = '{ viewer { id } }'
    const kinds = [
      { most: 30, one: sendTo(bob, conversationId) },
      { most: 60, one: (url: string) => ask(cleo.at(url), query) },
      { most: 5, one: (url: string) => ask(url, login) },
    ]
    let longestMs = 0
    const timed = async <Answer>(answer: Promise<Answer>) => {
      const startedMs = performance.now()
      await answer
      longestMs = Math.max(longestMs, performance.now() - startedMs)
      return answer
    }
    /** All at once to one process, which asks Redis for each, or no longer does. */
    const crowd = async (server: ServerProcess, { most, one }: { most: number; one: Ask }) => {
      const counts = await Promise.all(Array.from({ length: most + 6 }, () => timed(allowed(1, () => one(server.url)))))
      return counts.filter((count) => count === 1).length
    }
    redis.hang()
    try {
      // The one that noticed nothing yet, and after it, while it looks for Redis now and then, the other kinds.
      for (const server of servers) {
        for (const kind of kinds) expect(await crowd(server, kind)).toBe(kind.most)
        const answers = await Promise.all(Array.from({ length: 13 }, () => timed(connecting(server.url))))
        expect(answers.filter(({ status }) => status === 101)).toHaveLength(10)
      }
      // A count in Redis ends after 250 ms, and what did not would end when the probe has found out; neither waits for as long as it hangs.
      expect(longestMs).toBeLessThan(10_000)
    } finally {
      redis.goOn()
    }
    for (const server of servers) {
      await vi.waitFor(async () => expect((await readiness(server)).body.status).toBe('ok'), 30_000)
    }
    // For a second after a count that got no answer each process still counts by itself; each try is somebody else's.
    const one = async () => allowed(36, sendTo(others.pop()!, conversationId))
    await expect.poll(one, { timeout: 10_000, interval: 1_000 }).toBe(30)
  })

  test('goes on in each process by itself while Redis is away', async () => {
    const [ann] = (await people(1)) as [Person]
    const conversationId = await ann.createGroup([])
    await redis.stop()
    // Twice as many at the most, as there are two.
    expect(await allowed(70, sendTo(ann, conversationId))).toBe(60)
  })
})
