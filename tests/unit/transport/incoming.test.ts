import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Shares } from '../../../src/fairness/shares.ts'
import { TokenBucket } from '../../../src/fairness/token-bucket.ts'
import type { BoundedSocket } from '../../../src/transport/websocket/bounded-socket.ts'
import { closeCodes } from '../../../src/transport/websocket/close-codes.ts'
import { Incoming } from '../../../src/transport/websocket/incoming.ts'
import { Pacer } from '../../../src/transport/websocket/pacer.ts'

const logger = pino({ level: 'silent' })

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => vi.useRealTimers())

class FakeSocket {
  readonly OPEN = 1
  readyState = 1
  isPaused = false
  unfinishedSinceMs = 0
  closedWith: number | null = null
  frames = new TokenBucket({ perSecond: 100, burst: 200 })

  pause() {
    this.isPaused = true
  }
  resume() {
    this.isPaused = false
  }
  close(code: number) {
    this.closedWith ??= code
    this.readyState = 2
  }
}

interface Taken {
  type: string
  id: string
  settle: () => void
}

function open(personId: string | null = 'ann') {
  const socket = new FakeSocket()
  const shares = new Shares()
  const share = shares.of(personId)
  const incoming = new Incoming(socket as unknown as BoundedSocket, logger, new Pacer(), share)
  const taken: Taken[] = []
  const take = (message: unknown) => new Promise<void>((settle) => taken.push({ ...(message as Taken), settle }))
  const send = (message: object) => incoming.receive(JSON.stringify(message), take)
  return { socket, share, taken, send }
}

const subscribe = (id: string, more: object = {}) => ({ id, type: 'subscribe', payload: { query: '{ a }', ...more } })

/** Turns of the event loop, and the time that the pacer waits in between. */
async function pass(ms: number) {
  for (let at = 0; at < ms; at += 10) {
    await turn()
    vi.advanceTimersByTime(10)
  }
}

test('who sends faster than may be taken is not read from, and everything is taken in time and in order', async () => {
  const { socket, taken, send } = open()
  for (let nth = 0; nth < 250; nth++) send({ type: 'ping', payload: { nth } })
  expect(socket.isPaused).toBe(true)
  expect(taken.length).toBeLessThan(200)
  await pass(1_000)
  expect(socket.isPaused).toBe(false)
  expect(taken.map((message) => (message as unknown as { payload: { nth: number } }).payload.nth)).toEqual(
    Array.from({ length: 250 }, (_, nth) => nth),
  )
})

test('who goes on and on is sent away, to come back later', async () => {
  const { socket, share, send } = open()
  for (let ms = 0; ms < 20_000 && socket.closedWith === null; ms += 50) {
    if (!socket.isPaused) for (let nth = 0; nth < 300; nth++) send({ type: 'ping' })
    await pass(50)
  }
  expect(socket.closedWith).toBe(closeCodes.TOO_MUCH_WORK)
  await pass(50)
  expect([socket.isPaused, share.keptByteSize]).toEqual([false, 0])
})

test('an operation that was completed counts until it has settled', async () => {
  const { socket, share, taken, send } = open()
  for (let nth = 0; nth < 90; nth++) {
    send(subscribe(`a${String(nth)}`))
    send({ id: `a${String(nth)}`, type: 'complete' })
    await pass(20)
  }
  for (let nth = 0; nth < 60; nth++) {
    send(subscribe(`b${String(nth)}`))
    await pass(20)
  }
  const begun = () => taken.filter(({ type }) => type === 'subscribe')
  expect([begun().length, socket.isPaused]).toEqual([128, true])
  for (const { settle } of taken.slice(0, 80)) settle()
  await pass(100)
  expect([begun().length, socket.isPaused]).toEqual([150, false])
  for (const { settle } of taken) settle()
  await pass(20)
  expect(share.keptByteSize).toBe(0)
})

test('subscriptions that a person has opened lately are waited for on all their sockets', async () => {
  const { socket, share, taken, send } = open()
  send({ type: 'connection_init' })
  share.openings.spend(1_010)
  send({ type: 'ping' })
  expect([taken.length, socket.isPaused]).toEqual([1, true])
  await pass(300)
  expect([taken.length, socket.isPaused]).toEqual([2, false])
})

test('who comes can say who they are, however much others send who have not said it', () => {
  const { share, taken, send, socket } = open(null)
  share.frames.spend(5_000)
  share.messageWork.spend(5_000)
  send({ type: 'connection_init' })
  send({ type: 'ping' })
  expect([taken.length, socket.isPaused]).toEqual([1, true])
})

test('nothing of a message is handed on but what the protocol has', () => {
  const { taken, send } = open()
  send({ ...subscribe('a', { variables: { b: 1 }, more: 'x' }), more: 'x' })
  expect(taken).toEqual([
    {
      type: 'subscribe',
      id: '1:a',
      payload: { query: '{ a }', variables: { b: 1 } },
      settle: expect.anything() as never,
    },
  ])
})

test('bytes that one person has under way are bounded', () => {
  const { socket, share, send } = open()
  for (let nth = 0; nth < 20 && socket.closedWith === null; nth++) {
    send(subscribe(String(nth), { variables: { text: 'x'.repeat(1_000_000) } }))
    vi.advanceTimersByTime(1_000)
  }
  expect(socket.closedWith).toBe(closeCodes.TOO_MUCH_WORK)
  expect(share.keptByteSize).toBeLessThanOrEqual(16 * 1_048_576)
})
