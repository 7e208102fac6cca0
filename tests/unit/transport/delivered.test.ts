import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { messageOfOthers } from '../../../src/domain/receipts/delivered.ts'
import type { Viewer } from '../../../src/domain/viewer.ts'
import type { BoundedSocket } from '../../../src/transport/websocket/bounded-socket.ts'
import { Delivered } from '../../../src/transport/websocket/delivered.ts'
import { startKeepAlive } from '../../../src/transport/websocket/keep-alive.ts'
import { cannedTyping, group, logEvent, people } from '../../testkit/canned.ts'
import { messageRow } from '../../testkit/log.ts'

const viewer: Viewer = { userId: people.member, sessionId: 'session', role: 'USER' }

class FakeSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  awaitsPong = false
  /** Payloads of pings that wait for an answer. */
  readonly pings: string[] = []
  isTerminated = false

  ping(payload = '') {
    this.pings.push(payload)
  }

  /** Answers the oldest ping. */
  pong() {
    this.emit('pong', Buffer.from(this.pings.shift()!))
  }

  terminate() {
    this.isTerminated = true
  }
}

let socket: FakeSocket
/** What was stored, one entry for each time. */
let stored: Record<string, number>[]
let isStoreAway: boolean
let delivered: Delivered

beforeEach(() => {
  vi.useFakeTimers()
  socket = new FakeSocket()
  stored = []
  isStoreAway = false
  const deliveries = {
    positionIn: (_: Viewer, item: unknown) => item as { conversationId: string; seq: number } | null,
    markDelivered: async (_: Viewer, positions: ReadonlyMap<string, number>) => {
      await Promise.resolve()
      if (isStoreAway) throw new Error('the database is away')
      stored.push(Object.fromEntries(positions))
    },
  }
  delivered = new Delivered(socket as unknown as BoundedSocket, viewer, deliveries, pino({ level: 'silent' }))
})

afterEach(() => {
  vi.useRealTimers()
})

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const send = (conversationId: string, ...seqs: number[]) => {
  for (const seq of seqs) delivered.note({ conversationId, seq })
}

test('a burst is one ping, and counts when it is answered', async () => {
  for (let seq = 1; seq <= 500; seq++) {
    send('a', seq)
    if (seq % 50 === 0) await pass(20)
  }
  send('b', 7)
  await pass(1_000)
  expect(socket.pings).toHaveLength(1)
  expect(stored).toEqual([])
  socket.pong()
  await pass(1_000)
  expect(stored).toEqual([{ a: 500, b: 7 }])
  expect([socket.pings, vi.getTimerCount()]).toEqual([[], 0])
})

test('what is sent after the ping waits for the next one, of which there is one at a time', async () => {
  send('a', 1)
  await pass(1_000)
  send('a', 2)
  await pass(10_000)
  expect(socket.pings).toHaveLength(1)
  socket.pong()
  await pass(1_000)
  expect(stored).toEqual([{ a: 1 }])
  socket.pong()
  await pass(0)
  expect(stored).toEqual([{ a: 1 }, { a: 2 }])
})

test('a pong that answers nothing of this, or the same a second time, counts for nothing', async () => {
  send('a', 1)
  await pass(1_000)
  socket.emit('pong', Buffer.alloc(0))
  socket.emit('pong', Buffer.from('delivered 2'))
  await pass(1_000)
  expect(stored).toEqual([])
  const [payload = ''] = socket.pings
  socket.pong()
  send('a', 2)
  socket.emit('pong', Buffer.from(payload))
  await pass(1_000)
  socket.emit('pong', Buffer.from(payload))
  await pass(1_000)
  expect(stored).toEqual([{ a: 1 }])
})

test('what was acknowledged before is not asked for again', async () => {
  send('a', 5)
  await pass(1_000)
  send('a', 5)
  socket.pong()
  await pass(1_000)
  send('a', 3, 4, 5)
  await pass(1_000)
  expect(socket.pings).toEqual([])
  send('a', 6)
  await pass(1_000)
  socket.pong()
  await pass(0)
  expect(stored).toEqual([{ a: 5 }, { a: 6 }])
})

test('an item that is no message of somebody else asks for nothing', async () => {
  delivered.note(null)
  await pass(1_000)
  expect([socket.pings, vi.getTimerCount()]).toEqual([[], 0])
})

test('what could not be stored is asked for and stored again, with what came since', async () => {
  isStoreAway = true
  send('a', 1)
  send('b', 1)
  await pass(1_000)
  socket.pong()
  send('a', 2)
  await pass(1_000)
  isStoreAway = false
  await pass(10_000)
  socket.pong()
  await pass(0)
  expect(stored).toEqual([{ a: 2, b: 1 }])
})

test('a socket that closes asks for nothing more, and a pong that still comes counts for nothing', async () => {
  send('a', 1)
  await pass(1_000)
  socket.readyState = 2
  socket.pong()
  await pass(1_000)
  expect(stored).toEqual([])
  socket.readyState = 1
  const other = new FakeSocket()
  const before = new Delivered(
    other as unknown as BoundedSocket,
    viewer,
    { positionIn: () => ({ conversationId: 'a', seq: 1 }), markDelivered: () => Promise.resolve() },
    pino({ level: 'silent' }),
  )
  before.note({})
  other.emit('close')
  await pass(1_000)
  expect([other.pings, vi.getTimerCount()]).toEqual([[], 0])
})

test('the keep-alive leaves it to a ping that is under way, and still cuts off who answers none', async () => {
  const stop = startKeepAlive(new Set([socket as unknown as BoundedSocket]))
  // First seen after 1 s, and due 12 s later.
  await pass(12_500)
  send('a', 1)
  await pass(2_000)
  // A device may answer the newest of its pings only: an empty one after this would hide its answer.
  expect(socket.pings).toEqual(['delivered 1'])
  socket.pong()
  await pass(12_000)
  expect([socket.pings, stored, socket.isTerminated]).toEqual([[''], [{ a: 1 }], false])
  await pass(12_000)
  expect(socket.isTerminated).toBe(true)
  stop()
})

test('a new message of somebody else counts, up to its seq; nothing else does', () => {
  const sent = (senderId: string) =>
    logEvent('MESSAGE_SENT', { actorId: senderId, message: { ...messageRow(7), senderId } })
  expect(messageOfOthers(viewer, { event: sent(people.sender) })).toEqual({ conversationId: group, seq: 7 })
  expect(messageOfOthers(viewer, { event: sent(viewer.userId) })).toBe(null)
  expect(messageOfOthers(viewer, { event: { ...sent(people.sender), type: 'MESSAGE_EDITED' } })).toBe(null)
  expect(messageOfOthers(viewer, { event: logEvent('RECEIPT_ADVANCED', { data: { receipts: [] } }) })).toBe(null)
  expect(
    messageOfOthers(viewer, { lost: { streamId: group, reason: 'EXPIRED', headEventSeq: 1, headMark: 'mark1' } }),
  ).toBe(null)
  expect(messageOfOthers(viewer, cannedTyping())).toBe(null)
})
