import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textOf, type TypedDocument } from '../../sdk/src/requests/document.ts'
import {
  ConversationEventsDocument,
  InboxEventsDocument,
  PresenceEventsDocument,
  SetTypingDocument,
  TypingEventsDocument,
} from '../../sdk/src/generated/graphql.ts'
import { startCounted, type CountedServer } from '../testkit/counted.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { Gate } from '../testkit/gate.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { createRandom } from '../testkit/random.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'

/*
 * Whatever a server opens for a client after an await has to be closed again when the client went meanwhile: streams, bus
 * topics, devices, listeners. The client goes here at random moments, and at each await in turn.
 */

const cuts = 1_000
/** Cuts under way at once. */
const width = 10
/** More answers of PostgreSQL and Redis than the opening of any subscription waits for. */
const maxAwaits = 7

let server: CountedServer
let redis: RedisServer
let people: { person: Person; conversationId: string }[]
const gate = new Gate()

beforeAll(async () => {
  const [database, startedRedis] = await Promise.all([createTestDatabase(), startRedis()])
  redis = startedRedis
  const databaseUrl = new URL(database.url)
  databaseUrl.port = String(await gate.before(Number(databaseUrl.port)))
  server = await startCounted({
    databaseUrl: databaseUrl.href,
    redisUrl: `redis://127.0.0.1:${await gate.before(redis.port)}`,
    countedRedisUrl: redis.url,
  })
  // Each in a conversation of its own, so that streams open and close again and again.
  people = await Promise.all(
    Array.from({ length: 7 }, async (_, index) => {
      const person = (await signUp(server.url)).on(`device ${String(index)}`, 'WEB')
      const conversationId = await person.createGroup([])
      await person.send(conversationId, 'Something to replay')
      await person.client.close()
      return { person, conversationId }
    }),
  )
})

afterAll(async () => {
  await server.stop()
  await redis.stop()
})

interface Operation {
  document: TypedDocument
  variables: (of: { person: Person; conversationId: string }) => object
}

const subscriptions: Record<string, Operation> = {
  conversationEvents: {
    document: ConversationEventsDocument,
    variables: ({ conversationId }) => ({ conversationId, after: 0 }),
  },
  inboxEvents: {
    document: InboxEventsDocument,
    variables: ({ conversationId }) => ({ after: [{ streamId: conversationId, eventSeq: 0 }] }),
  },
  typingEvents: { document: TypingEventsDocument, variables: ({ conversationId }) => ({ conversationId }) },
  presenceEvents: { document: PresenceEventsDocument, variables: ({ person }) => ({ userIds: [person.id] }) },
}
const setTyping: Operation = {
  document: SetTypingDocument,
  variables: ({ conversationId }) => ({ input: { conversationId, typing: true } }),
}

/** Written to a connection as it is: what a client library would do when it is cut off is not to matter. */
async function connection(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setNoDelay(true)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

type Begin = (socket: Socket, of: (typeof people)[number], operations: readonly Operation[]) => Promise<void> | void

const bySse: Begin = (socket, of, [operation]) => {
  if (!operation) return
  const body = JSON.stringify({ query: textOf(operation.document), variables: operation.variables(of) })
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${of.person.session.accessToken}\r\n` +
      'Content-Type: application/json\r\nAccept: text/event-stream\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** A text frame, masked with zeros, as a client has to mask it. */
function frame(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message))
  const header = Buffer.alloc(8)
  header.set([0x81, 0x80 | 126])
  header.writeUInt16BE(payload.length, 2)
  return Buffer.concat([header, payload])
}

/** All at once, as the server answers the handshake before it looks at what stands behind it. */
const bySocket: Begin = (socket, of, operations) => {
  socket.write(
    'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  )
  socket.write(frame({ type: 'connection_init', payload: of.person.connectionParams }))
  // An operation before the acknowledgement would end the socket.
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    const before = text.includes('connection_ack')
    text += chunk.toString('latin1')
    if (before || !text.includes('connection_ack')) return
    operations.forEach(({ document, variables }, index) => {
      const payload = { query: textOf(document), variables: variables(of) }
      socket.write(frame({ id: String(index), type: 'subscribe', payload }))
    })
  })
}

async function expectNothingHeld(): Promise<void> {
  await expect
    .poll(async () => (await server.held()).counts, { timeout: 25_000 })
    .toMatchObject({
      streams: 0,
      // Ended sessions and presence, which the process itself listens to.
      busTopics: 2,
      channels: 2,
      sockets: 0,
      eventStreams: 0,
      sessionListeners: 0,
      typing: 0,
      devices: 0,
      presenceFeeds: 0,
    })
}

const all = [...Object.values(subscriptions), setTyping]
const ways: [string, Begin, (index: number) => readonly Operation[]][] = [
  ['server-sent events', bySse, (index) => [Object.values(subscriptions)[index % 4]!]],
  ['a WebSocket with everything on it', bySocket, () => all],
]

describe.each(ways)('%s', (_name, begin, operationsFor) => {
  test(
    `that is cut ${cuts} times, 0 to 20 ms after it began, leaves nothing behind`,
    async () => {
      const random = createRandom(1)
      await expectNothingHeld()
      const before = await server.held()
      let next = 0
      const worker = async () => {
        while (next < cuts) {
          const cycle = next++
          const socket = await connection()
          await begin(socket, people[cycle % people.length]!, operationsFor(Math.floor(cycle / people.length)))
          await delay(random.below(21))
          socket.resetAndDestroy()
        }
      }
      await Promise.all(Array.from({ length: width }, worker))
      await expectNothingHeld()
      const after = await server.held()
      expect(after.counts.fds).toBeLessThan(before.counts.fds + 20)
      // A client that goes is no error of anybody's.
      expect(server.logs()).not.toContain('"level":"error"')
      console.log(`${cuts} cuts: heap ${Math.round(before.heapBytes / 1e6)} → ${Math.round(after.heapBytes / 1e6)} MB`)
    },
    120_000 + cuts * 60,
  )
})

describe.each([
  ...Object.entries(subscriptions).map(
    ([name, operation]) => [`${name} by server-sent events`, bySse, operation] as const,
  ),
  ...Object.entries({ ...subscriptions, setTyping }).map(
    ([name, operation]) => [`${name} on a WebSocket of a device`, bySocket, operation] as const,
  ),
])('%s', (_name, begin, operation) => {
  test('leaves nothing behind, whichever answer it was cut off before', async () => {
    await expectNothingHeld()
    for (let awaits = 0; awaits <= maxAwaits; awaits++) {
      for (const of of people.slice(0, 3)) {
        const socket = await connection()
        const isHeld = gate.holdAfter(awaits)
        await begin(socket, of, [operation])
        // Where it waits for less than that, it is cut off when it runs.
        await Promise.race([isHeld, delay(200)])
        socket.resetAndDestroy()
        await delay(20)
        gate.release()
        await delay(10)
      }
    }
    await expectNothingHeld()
  }, 120_000)
})
