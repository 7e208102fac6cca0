import { once } from 'node:events'
import { beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/*
 * LIMITS=internet takes 20 messages a second of a person, and 200 that were saved up: who sends more at once waits for them, and who goes on
 * is sent away with 4420, which says to come back later.
 */
let server: ServerProcess
let ann: Person
let bob: Person
beforeAll(async () => {
  const env = { LIMITS: 'internet' }
  server = await startServer({ databaseUrl: (await createTestDatabase()).url, redisUrl: null, env })
  ;[ann, bob] = await Promise.all([signUp(server.url), signUp(server.url)])
})

const [perSecond, burst] = [20, 200]

async function open(person: Person) {
  const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws')
  socket.on('error', () => undefined)
  const counts = { acks: 0, pongs: 0 }
  const closed = once(socket, 'close').then(([code, reason]) => ({ code: code as number, reason: String(reason) }))
  socket.on('message', (data: Buffer) => {
    const { type } = JSON.parse(data.toString()) as { type: string }
    if (type === 'connection_ack') counts.acks++
    if (type === 'pong') counts.pongs++
  })
  await once(socket, 'open')
  const send = (message: object) => socket.send(JSON.stringify(message))
  const ping = (count: number) => {
    for (let nth = 0; nth < count; nth++) send({ type: 'ping' })
  }
  send({ type: 'connection_init', payload: person.connectionParams })
  await vi.waitFor(() => expect(counts.acks).toBe(1), { timeout: 15_000, interval: 10 })
  return { socket, counts, closed, ping }
}

test('more than were saved up wait until they may be taken, and none is lost', async () => {
  const { socket, counts, ping } = await open(ann)
  const startedMs = performance.now()
  const more = 60
  ping(burst + more)
  await vi.waitFor(() => expect(counts.pongs).toBe(burst + more), { timeout: 30_000, interval: 20 })
  // On a busy machine it takes longer, never less.
  expect(performance.now() - startedMs).toBeGreaterThan(((more - 5) / perSecond) * 1_000)
  // Of all sockets of the person together: nothing is saved up now.
  const other = await open(ann)
  const startedAgainMs = performance.now()
  other.ping(more)
  await vi.waitFor(() => expect(other.counts.pongs).toBe(more), { timeout: 30_000, interval: 20 })
  expect(performance.now() - startedAgainMs).toBeGreaterThan(((more - 25) / perSecond) * 1_000)
  for (const one of [socket, other.socket]) one.terminate()
})

test('who goes on sending more is sent away with 4420 and told why; others are answered meanwhile', async () => {
  const [flooding, calm] = [await open(ann), await open(bob)]
  const startedMs = performance.now()
  flooding.ping(burst + perSecond * 60)
  const { code, reason } = await flooding.closed
  expect([code, reason]).toEqual([closeCodes.TOO_MUCH_WORK, expect.stringMatching(/\w+/)])
  const seconds = (performance.now() - startedMs) / 1_000
  expect(flooding.counts.pongs).toBeLessThanOrEqual(burst + perSecond * (seconds + 1))
  calm.ping(1)
  await vi.waitFor(() => expect(calm.counts.pongs).toBe(1), { timeout: 15_000, interval: 10 })
  expect(server.logs()).toMatch(/"limit":"messages-per-socket"/)
  // Later they may come again.
  const again = await open(ann)
  again.ping(1)
  await vi.waitFor(() => expect(again.counts.pongs).toBe(1), { timeout: 30_000, interval: 20 })
  for (const { socket } of [calm, again]) socket.terminate()
})
