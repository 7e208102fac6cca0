import { afterEach, beforeAll, expect, inject, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { casesOf } from '../testkit/effort.ts'
import { Follower, stopFollowers } from '../testkit/follower.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { isSubscribed } from '../testkit/resp.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { subscribeBySse } from '../testkit/sse.ts'

/*
 * A reader must never be left in silence on a connection that looks alive. Each of these holds something for ever on which
 * the way from the log to a reader waits, and leaves everything else as it is.
 */

/** Events come by the log within 3 s, or the reader is sent away by then or 5 s later; the rest is for a busy machine. */
const boundMs = 20_000

let postgres: Proxy
let redis: Proxy
/** The readers' server stands behind both proxies, the writers' does not. */
let servers: [ServerProcess, ServerProcess]
let urls: [string, string]

/** `env` is for the readers' server. */
async function start(env: Record<string, string> = {}) {
  const database = await createTestDatabase()
  postgres = await startProxy(Number(new URL(database.url).port))
  redis = await startProxy(Number(new URL(inject('redisUrl')).port), { redis: true })
  const through = (url: string, { port }: Proxy) => Object.assign(new URL(url), { port: String(port) }).href
  servers = await Promise.all([
    startServer({ databaseUrl: database.url }),
    startServer({ databaseUrl: through(database.url, postgres), redisUrl: through(inject('redisUrl'), redis), env }),
  ])
  urls = [servers[0].url, servers[1].url]
}

interface Start {
  ann: Person
  bob: Person
  conversation: string
  places: { streamId: string; eventSeq: number }[]
}

const startQuery = `{ viewer { cursor { streamId eventSeq } } inbox(filter: ALL) { edges { node { conversation { cursor { streamId eventSeq } } } } } }`

/** Somebody to write and somebody to read, who has not read the last two messages yet nor been told of a group. */
async function twoPeople(): Promise<Start & { texts: string[] }> {
  const [ann, bob] = await Promise.all([signUp(urls[0]), signUp(urls[1])])
  const conversation = await ann.startDirect(bob)
  await ann.send(conversation, 'Read')
  interface Place {
    cursor: { streamId: string; eventSeq: number }
  }
  const { data } = await ask<{ viewer: Place; inbox: { edges: { node: { conversation: Place } }[] } }>(bob, startQuery)
  const places = [data!.viewer, ...data!.inbox.edges.map(({ node }) => node.conversation)].map(({ cursor }) => cursor)
  for (const text of ['Missed 1', 'Missed 2']) await ann.send(conversation, text)
  await ann.send(await ann.createGroup([bob], 'Not told of'), 'Missed in a group')
  return { ann, bob, conversation, places, texts: ['Missed 1', 'Missed 2'] }
}

/** All statements that the way of an event depends on, from the subscription to its bytes. */
const statements = [
  'read_live_sessions',
  'read_active_memberships',
  'read_memberships',
  'read_joins',
  'read_heads',
  'read_events',
  'read_moved',
  'read_users',
  'read_entries',
]

beforeAll(() => start())
afterEach(() => {
  postgres.heal()
  redis.heal()
  stopFollowers()
})

/** The statements of a start and of a page; each of the others is held in the heavy run. */
const essential = ['read_live_sessions', 'read_heads', 'read_events', 'read_moved']
const held = casesOf(statements, (statement) => essential.includes(statement))

test.each(held)('one %s that is frozen for ever holds nobody up for more than a moment', async (statement) => {
  const { ann, bob, conversation, places, texts } = await twoPeople()
  postgres.freeze(statement, 1)
  const inbox = Follower.begin(bob, null, places)
  const reader = Follower.begin(bob, conversation, places.slice(1))
  await ann.send(conversation, 'Live')
  await ann.send(await ann.createGroup([bob]), 'In a new group')
  await reader.knows([...texts, 'Live'], boundMs)
  await inbox.knows([...texts, 'Live', 'Missed in a group', 'In a new group'], boundMs)
  await expect.poll(() => postgres.frozenCount).toBe(1)
})

test.each(held.filter((statement) => statement !== 'read_moved'))(
  'while each %s is frozen readers are sent away to come back, and have everything when they do',
  async (statement) => {
    const { ann, bob, conversation, places, texts } = await twoPeople()
    postgres.freeze(statement)
    const inbox = Follower.begin(bob, null, places)
    await ann.send(conversation, 'Live')
    await ann.send(await ann.createGroup([bob]), 'In a new group')
    // Whose session was looked up a moment ago needs no more of it, and has everything.
    const isServed = () => inbox.ends.length > 0 || inbox.texts.has('In a new group')
    await expect.poll(isServed, { timeout: boundMs }).toBe(true)
    postgres.heal()
    await inbox.knows([...texts, 'Live', 'Missed in a group', 'In a new group'], boundMs)
  },
)

test('a gap that cannot be read ends the readers behind it, on a socket with 1013 and as a stream that is cut, and says so in the log', async () => {
  const { ann, bob, conversation } = await twoPeople()
  const live = await bob.conversationEvents(conversation)
  const query = 'subscription ($id: ID!) { conversationEvents(conversationId: $id) { __typename } }'
  const stream = await subscribeBySse(bob, query, { id: conversation })
  // The first are live by now, whatever their beginning took.
  await expect
    .poll(
      async () => {
        await ann.send(conversation, 'Heard')
        return Math.min(live.events.length, stream.results.length)
      },
      { timeout: boundMs },
    )
    .toBeGreaterThan(0)
  redis.lose(1)
  postgres.freeze('read_events')
  const place = (await ann.send(conversation, 'Lost by the bus')).ack.cursor.eventSeq - 1
  expect(await live.waitForEnd()).toEqual({ closeCode: 1013 })
  await expect.poll(() => stream.ended, { timeout: boundMs }).toBe('cut')
  expect(servers[1].logs()).toContain('readers got nothing for 5 s although there was something')
  redis.heal()
  postgres.heal()
  const again = await bob.conversationEvents(conversation, place)
  await again.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Lost by the bus')
})

test('a SUBSCRIBE whose answer is lost holds nobody up, whoever comes first or later', async () => {
  const { ann, bob, conversation, places, texts } = await twoPeople()
  redis.swallow(isSubscribed('parley:stream:'))
  const first = Follower.begin(bob, null, places)
  await first.knows([...texts, 'Missed in a group'], boundMs)
  const second = Follower.begin(bob, conversation, places.slice(1))
  await ann.send(conversation, 'Live')
  await ann.send(await ann.createGroup([bob]), 'In a new group')
  await first.knows(['Live', 'In a new group'], boundMs)
  await second.knows([...texts, 'Live'], boundMs)
  expect([...first.ends, ...second.ends]).toEqual([])
})

test('a SUBSCRIBE that was lost takes effect later, and leaves no hole: without a relay to fill it', async () => {
  await start({ RELAY_INTERVAL_MS: '60000' })
  const { ann, bob, conversation } = await twoPeople()
  // All that this connection would bring is lost from the moment at which the topic is asked for.
  redis.freeze(`parley:stream:${Buffer.from(conversation, 'base64url').toString().split(':')[1]!}`, 1)
  const live = await bob.conversationEvents(conversation)
  await expect.poll(() => redis.frozenCount).toBe(1)
  await ann.send(conversation, 'Not carried')
  await live.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Not carried')
  await ann.send(conversation, 'Carried')
  await live.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Carried')
  expect(live.ended).toBeNull()
})
