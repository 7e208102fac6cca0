import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  ConversationEventsDocument,
  InboxEventsDocument,
  PresenceEventsDocument,
  SetTypingDocument,
  TypingEventsDocument,
} from '../../sdk/src/generated/graphql.ts'
import { startCounted, type CountedServer } from '../testkit/counted.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'

const cycles = 1_000
/** Cycles under way at once. */
const width = 10

let server: CountedServer
let redis: RedisServer

// A Redis of its own: the topics of other tests must not be counted.
beforeAll(async () => {
  redis = await startRedis()
  server = await startCounted({ databaseUrl: (await createTestDatabase()).url, redisUrl: redis.url })
})
afterAll(async () => {
  await server.stop()
  await redis.stop()
})

/**
 * All kinds of subscription, those with a log from the beginning of the conversation, until each of these has delivered
 * something, and on a device one to presence; on a socket that has begun to type.
 */
async function subscribed(person: Person, conversationId: string): Promise<RawSocket> {
  const raw = await RawSocket.connect(person)
  const waiting = new Set(['conversation', 'inbox', 'set typing', ...(person.device ? ['presence'] : [])])
  await new Promise<void>((resolve) => {
    raw.onData = (id) => {
      waiting.delete(id)
      if (waiting.size === 0) resolve()
    }
    raw.begin('typing', TypingEventsDocument, { conversationId })
    raw.begin('set typing', SetTypingDocument, { input: { conversationId, typing: true } })
    raw.begin('conversation', ConversationEventsDocument, { conversationId, after: 0 })
    raw.begin('inbox', InboxEventsDocument, { after: [{ streamId: conversationId, eventSeq: 0 }] })
    if (person.device) raw.begin('presence', PresenceEventsDocument, { userIds: [person.id] })
  })
  return raw
}

async function unsubscribe(raw: RawSocket): Promise<void> {
  raw.end('conversation')
  raw.end('inbox')
  raw.end('typing')
  raw.end('presence')
  await new Promise((resolve) => setImmediate(resolve))
}

/** How a reader goes: orderly or not, and by the network or by a close frame. */
const goings: ((raw: RawSocket) => Promise<void> | void)[] = [
  async (raw) => {
    await unsubscribe(raw)
    raw.socket.close(1000)
  },
  async (raw) => {
    await unsubscribe(raw)
    raw.socket.terminate()
  },
  (raw) => {
    raw.socket.close(1000)
  },
  (raw) => {
    raw.socket.terminate()
  },
]

async function run(count: number, people: readonly { person: Person; conversationId: string }[]): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) {
      const cycle = next++
      const { person, conversationId } = people[cycle % people.length]!
      const raw = await subscribed(person, conversationId)
      await goings[Math.floor(cycle / people.length) % goings.length]!(raw)
      await raw.closed
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}

const megabytes = (bytes: number) => Math.round(bytes / 104_857.6) / 10

test(
  `${cycles} readers that came, subscribed and went in every way leave no stream, topic, socket, listener or memory behind`,
  async () => {
    // Each on a conversation of its own, so that streams open and close again and again.
    const people = await Promise.all(
      Array.from({ length: 7 }, async (_, index) => {
        const signedUp = await signUp(server.url)
        const person = index % 2 ? signedUp.on(`device ${String(index)}`, 'WEB') : signedUp
        const conversationId = await person.createGroup([])
        await person.send(conversationId, 'Something to replay')
        await Promise.all([signedUp.client.close(), person.client.close()])
        return { person, conversationId }
      }),
    )
    // One that stays, so that the counts are not those of an idle process.
    const stays = await subscribed(people[0]!.person, people[0]!.conversationId)
    await run(100, people)
    const settled = {
      streams: 2,
      busTopics: 5,
      sockets: 1,
      eventStreams: 0,
      sessionListeners: 5,
      typing: 1,
      channels: 5,
      devices: 0,
      presenceFeeds: 0,
    }
    await expect.poll(async () => (await server.held()).counts, { timeout: 20_000 }).toMatchObject(settled)
    const before = await server.held()

    await run(cycles, people)

    await expect.poll(async () => (await server.held()).counts, { timeout: 20_000 }).toMatchObject(settled)
    const after = await server.held()
    // Kept-alive connections of this test's own requests come and go: a leak would be one for each cycle.
    expect(after.counts.fds).toBeLessThan(before.counts.fds + 20)
    // A subscription that stays costs some 10 KB: 1,000 of them would be 10 MB.
    expect(megabytes(after.heapBytes - before.heapBytes)).toBeLessThan(5)
    console.log(
      `${cycles} cycles: heap ${megabytes(before.heapBytes)} → ${megabytes(after.heapBytes)} MB, resident ` +
        `${megabytes(before.residentBytes)} → ${megabytes(after.residentBytes)} MB`,
      before.counts,
      after.counts,
    )
    // The one that stayed still hears.
    const heard = new Promise<void>((resolve) => (stays.onData = () => resolve()))
    await people[0]!.person.at(server.url).send(people[0]!.conversationId, 'Still there?')
    await heard
  },
  60_000 + cycles * 30,
)
