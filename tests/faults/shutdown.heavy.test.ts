import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConversationEventsDocument, SendMessageDocument, ViewerDocument } from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { inFullRun } from '../testkit/effort.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { openSocket } from '../testkit/open-socket.ts'
import { startPair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { startProxied } from '../testkit/proxied.ts'
import { startProxy } from '../testkit/proxy.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { subscribeBySse } from '../testkit/sse.ts'

/** A process that is asked to end has ended after this: what is left is cut off after 7 s, with room for a busy machine. */
const boundMs = 20_000
const events = 'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename } }'
const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const idle = new Set<Socket>()
atEnd(() => {
  for (const socket of idle) socket.destroy()
})

/** A connection that was used for one request and is kept for the next, as browsers and load balancers do. */
async function keptAlive({ url }: ServerProcess): Promise<Socket> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
  idle.add(socket)
  socket.on('error', () => undefined)
  socket.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(socket, 'data')
  socket.resume()
  return socket
}

async function isRefused({ url }: ServerProcess): Promise<boolean> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
  const refused = await Promise.race([
    once(socket, 'connect').then(() => false),
    once(socket, 'error').then(() => true),
  ]).catch(() => true)
  socket.destroy()
  return refused
}

/** Asks the process to end; it has to, in time and by itself. */
function terminate(server: ServerProcess): Promise<void> {
  const startedAtMs = performance.now()
  server.kill('SIGTERM')
  return server.exited.then((how) => {
    expect(how, server.logs()).toEqual({ code: 0, signal: null })
    expect(performance.now() - startedAtMs).toBeLessThan(boundMs)
  })
}

const sendText = `mutation ($id: ID!, $key: String!) { sendMessage(input: { conversationId: $id, text: "In flight", clientMessageId: $key }) {
  ... on SendMessageSuccess { ack { outcome } message { seq } } } }`

test('a process that is asked to end accepts nothing new, finishes the writes under way, and sends all others away', async () => {
  const { database, servers, urls } = await startPair()
  const [ann, bob] = await Promise.all(urls.map((url) => signUp(url)))
  const conversation = await ann!.startDirect(bob!)
  const reader = await ann!.conversationEvents(conversation)
  const neighbour = await bob!.conversationEvents(conversation)
  const stream = await subscribeBySse(ann!, events, { id: conversation })
  const kept = await keptAlive(servers[0])
  const socket = await openSocket(ann!)
  // One write waits for its own conversation: of two for the same the second would wait for the first, in the process.
  const elsewhere = await ann!.createGroup([bob!])
  const held = await holdRows(database, 'SELECT FROM conversations WHERE id = ANY ($1) FOR UPDATE', [
    [conversation, elsewhere].map(keyOf),
  ])
  const byHttp = ann!.send(conversation, 'In flight')
  const bySocket = socket.ask(sendText, { id: elsewhere, key: newKey() })
  await held.waitForBlocked(2)

  const ended = terminate(servers[0])
  await once(kept, 'close')
  await expect.poll(() => isRefused(servers[0])).toBe(true)
  expect(await reader.waitForEnd()).toEqual({ closeCode: 1012 })
  expect(await stream.waitForEnd()).toBe('cut')
  await held.release()
  expect((await byHttp).ack.outcome).toBe('ACCEPTED')
  expect(await bySocket).toMatchObject({ data: { sendMessage: { ack: { outcome: 'ACCEPTED' } } } })
  expect(await socket.closed).toBe(1012)
  await ended

  // It was announced, and who comes back elsewhere has it as well.
  const texts = (list: typeof reader.events) =>
    list.map((event) => event.__typename === 'MessageSent' && event.message.text)
  expect(texts(await neighbour.waitForCount(1))).toEqual(['In flight'])
  for (const id of [conversation, elsewhere]) {
    const resumed = await ann!.at(urls[1]).conversationEvents(id, 0)
    expect(texts(await resumed.waitForCount(1))).toEqual(['In flight'])
  }
})

test('many sockets are closed one after the other and not in one go, so that their clients do not come back all at once', async () => {
  const { servers, urls } = await startPair()
  const sockets: RawSocket[] = []
  for (let batch = 0; batch < 8; batch++) {
    const person = await signUp(urls[0])
    sockets.push(...(await Promise.all(oneTo(50).map(() => RawSocket.connect(person)))))
  }
  for (const socket of sockets) socket.begin('1', ViewerDocument, {})
  const codes = sockets.map(({ closed }) => closed)
  const ended = terminate(servers[0])
  await Promise.race(codes)
  // From the first one to the last the process answers those that are still open: in one go it would answer nobody.
  let answerCount = 0
  for (;;) {
    const open = sockets.find(({ closeCode }) => closeCode === null)
    if (!open) break
    open.socket.ping()
    const answered = once(open.socket, 'pong').then(() => answerCount++)
    await Promise.race([answered, open.closed])
  }
  expect(new Set(await Promise.all(codes))).toEqual(new Set([1012]))
  expect(answerCount).toBeGreaterThan(10)
  await ended
})

/** Clients that are connected in every way and take no notice of anything. */
async function deafClients(server: ServerProcess, person: Person, conversationId: string): Promise<Socket[]> {
  const sockets = await Promise.all(oneTo(5).map(() => RawSocket.connect(person)))
  for (const raw of sockets) {
    raw.begin('1', ConversationEventsDocument, { conversationId, after: 0 })
    raw.socket.pause()
  }
  // A request that never becomes whole, and a handshake that stays one.
  return ['POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{', 'GET /graphql HTTP/1.1\r\n'].map(
    (start) => {
      const socket = connectTcp({ port: Number(new URL(server.url).port), host: '127.0.0.1', allowHalfOpen: true })
      idle.add(socket)
      socket.on('error', () => undefined)
      socket.write(start)
      return socket
    },
  )
}

// Mostly waiting; each has servers of its own.
inFullRun(() =>
  describe.concurrent('a process that is asked to end has ended in time', () => {
    test('when clients never answer the close, and requests never become whole', async () => {
      const { servers, urls } = await startPair()
      const person = await signUp(urls[0])
      const conversation = await person.startDirect(await signUp(urls[1]))
      await deafClients(servers[0], person, conversation)
      await person.send(conversation, 'Nobody reads this')
      await terminate(servers[0])
    })

    test.each(['cut', 'stall'] as const)(
      'when PostgreSQL is lost at that moment by a %s, writes included',
      async (loss) => {
        const { database, proxy, servers, urls } = await startProxied()
        const person = await signUp(urls[0])
        const conversation = await person.startDirect(await signUp(urls[0]))
        const reader = await person.conversationEvents(conversation)
        await deafClients(servers[0], person, conversation)
        // Several connections, all of which will hang.
        await Promise.all(oneTo(20).map(() => ask(person, '{ viewer { user { handle } } }')))
        const held = await holdRows(database, 'SELECT FROM conversations WHERE id = $1 FOR UPDATE', [
          keyOf(conversation),
        ])
        const input = { conversationId: conversation, text: 'Lost?', clientMessageId: newKey() }
        const sending = expect(person.client.request(SendMessageDocument, { input })).rejects.toMatchObject({
          code: 'UNAVAILABLE',
        })
        await held.waitForBlocked(1)
        proxy[loss]()
        const ended = terminate(servers[0])
        await sending
        expect(await reader.waitForEnd()).toEqual({ closeCode: 1012 })
        await ended
        await held.release()
      },
    )

    test('when it is still starting, and PostgreSQL hangs', async () => {
      const { url } = await createTestDatabase()
      const proxy = await startProxy(Number(new URL(url).port))
      proxy.stall()
      const databaseUrl = Object.assign(new URL(url), { port: String(proxy.port) }).href
      const env = {
        PATH: process.env.PATH,
        NODE_ENV: 'test',
        PORT: '0',
        DATABASE_URL: databaseUrl,
        JWT_SECRET: 'x'.repeat(32),
      }
      const starting = spawn(process.execPath, ['dist/main.js'], { env, cwd: join(import.meta.dirname, '../..') })
      const exited = once(starting, 'exit')
      try {
        await expect.poll(() => proxy.connectionCount, { timeout: 20_000 }).toBeGreaterThan(0)
        const startedAtMs = performance.now()
        starting.kill('SIGTERM')
        expect(await exited).toEqual([0, null])
        expect(performance.now() - startedAtMs).toBeLessThan(boundMs)
      } finally {
        starting.kill('SIGKILL')
      }
    })

    test('when a write of its hangs in PostgreSQL', async () => {
      const { database, servers, urls } = await startPair()
      const person = await signUp(urls[0])
      const conversation = await person.startDirect(await signUp(urls[1]))
      const held = await holdRows(database, 'SELECT FROM conversations WHERE id = $1 FOR UPDATE', [keyOf(conversation)])
      const sending = expect(person.send(conversation, 'Hangs')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await held.waitForBlocked(1)
      await Promise.all([terminate(servers[0]), sending])
      await held.release()
    })
  }),
)
