import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import * as documents from '../documents.mjs'
import { nowMs, percentiles } from './clock.mjs'
import { HttpConnection, postRequest } from './http.mjs'
import { SocketIo } from './protocols.mjs'

// A usual length of a message.
export const messageText = 'Shall we meet at the usual place at half past seven, or is that too early for you?'
const keyPrefix = randomBytes(6).toString('hex')
let keyCount = 0

const newInput = (/** @type {string} */ conversationId) => ({
  conversationId,
  clientMessageId: `${keyPrefix}-${String(++keyCount)}`,
  text: messageText,
})

/** @typedef {{ send(conversationId: string): Promise<number>, destroy(): void }} Sender resolves with the message's seq */

const connectors = {
  /** @returns {Promise<Sender>} */
  async 'graphql-ws'({ httpUrl, token }) {
    const connection = new HttpConnection(httpUrl)
    return {
      async send(conversationId) {
        const variables = { input: newInput(conversationId) }
        const { status, body } = await connection.post(
          postRequest(httpUrl, token, { query: documents.sendMessage, variables }),
        )
        const answer = JSON.parse(body.toString())
        const seq = answer.data?.sendMessage?.message?.seq
        if (!Number.isInteger(seq)) throw new Error(`a send was answered with ${String(status)} ${body.toString()}`)
        return seq
      },
      destroy: () => connection.destroy(),
    }
  },
  async 'socket.io'({ wsUrl, token }) {
    const connection = new SocketIo(wsUrl, token, { onEvent: () => false, onEnd: () => undefined })
    await connection.connected
    return {
      async send(conversationId) {
        const answer = await connection.emit('sendMessage', newInput(conversationId))
        const seq = answer?.message?.seq
        if (!Number.isInteger(seq)) throw new Error(`a send was answered with ${JSON.stringify(answer)}`)
        return seq
      },
      destroy: () => connection.destroy(),
    }
  },
}

/** @type {{ sender: Sender, rooms: { room: number, conversationId: string }[] }[]} */
let senders = []
/** @type {null | { isOver: boolean, done: Promise<object> }} */
let background = null

async function sendAtRate({ ratePerSecond, count, timeoutMs, isOver = () => false }) {
  const sent = []
  const errors = []
  const idle = [...senders]
  const queue = []
  const pump = () => {
    while (queue.length > 0 && idle.length > 0) void run(idle.shift(), queue.shift())
  }
  const run = async (from, scheduledAtMs) => {
    const [{ room, conversationId }] = from.rooms
    try {
      const seq = await from.sender.send(conversationId)
      sent.push({ room, seq, scheduledAtMs, ackedAtMs: nowMs() })
    } catch (/** @type {any} */ error) {
      errors.push(error.message)
    }
    idle.push(from)
    pump()
  }
  const startedAtMs = nowMs()
  let scheduled = 0
  while (scheduled < count && !isOver()) {
    const dueMs = startedAtMs + (scheduled * 1000) / ratePerSecond
    const waitMs = dueMs - nowMs()
    if (waitMs > 0) await sleep(waitMs)
    // The schedule does not wait for the server: time in this queue counts as latency.
    queue.push(dueMs)
    scheduled++
    pump()
  }
  const deadlineMs = nowMs() + timeoutMs
  while (sent.length + errors.length < scheduled && nowMs() < deadlineMs) await sleep(5)
  const endedAtMs = nowMs()
  const done = sent.map(({ ackedAtMs, scheduledAtMs }) => ackedAtMs - scheduledAtMs)
  // Sends without an answer yet took at least this long.
  const pending = scheduled - sent.length - errors.length
  const waited = Array.from({ length: pending }, (_, place) => endedAtMs - (queue[place] ?? startedAtMs))
  queue.length = 0
  return {
    scheduled,
    acked: sent.length,
    pending,
    errors: errors.slice(0, 3),
    sent,
    ...percentiles(done.concat(waited)),
  }
}

export const senderMethods = {
  /** Each sender has a connection of its own, and sends to its rooms in turn. */
  async openSenders({ kind, httpUrl, wsUrl, senders: wanted }) {
    senders = await Promise.all(
      wanted.map(async ({ token, rooms }) => ({
        sender: await connectors[kind]({ httpUrl, wsUrl, token }),
        rooms,
      })),
    )
  },

  /** One message to each room, by its first sender. Returns the seqs by room. */
  async sendToEachRoom() {
    const first = new Map()
    for (const { sender, rooms } of senders) {
      for (const { room, conversationId } of rooms) if (!first.has(room)) first.set(room, { sender, conversationId })
    }
    const seqs = []
    await Promise.all(
      [...first].map(async ([room, { sender, conversationId }]) => (seqs[room] = await sender.send(conversationId))),
    )
    return seqs
  },

  /** All senders send as fast as their acknowledgements allow, until `count` were sent in all or the time is over. */
  async sendFast({ count = Infinity, durationMs = Infinity }) {
    const startedAtMs = nowMs()
    const times = []
    const errors = []
    /** By room: the smallest and the largest seq, and how many were sent. */
    const rooms = {}
    let begun = 0
    await Promise.all(
      senders.map(async ({ sender, rooms: round }) => {
        for (let turn = 0; begun < count && nowMs() - startedAtMs < durationMs; turn++) {
          begun++
          const { room, conversationId } = round[turn % round.length]
          const sentAtMs = nowMs()
          try {
            const seq = await sender.send(conversationId)
            times.push(nowMs() - sentAtMs)
            const seen = (rooms[room] ??= { first: seq, last: seq, count: 0 })
            seen.first = Math.min(seen.first, seq)
            seen.last = Math.max(seen.last, seq)
            seen.count++
          } catch (/** @type {any} */ error) {
            errors.push(error.message)
            return
          }
        }
      }),
    )
    const endedAtMs = nowMs()
    return { startedAtMs, endedAtMs, acked: times.length, errors: errors.slice(0, 3), rooms, ...percentiles(times) }
  },

  /** Sends on a schedule that does not wait for the server. Latency counts from the time at which a send was due. */
  sendAtRate,

  /** The same until stopRate is called. */
  startRate({ ratePerSecond, count, timeoutMs }) {
    const state = { isOver: false }
    background = Object.assign(state, {
      done: sendAtRate({ ratePerSecond, count, timeoutMs, isOver: () => state.isOver }),
    })
  },
  async stopRate() {
    if (background === null) throw new Error('startRate was not called')
    background.isOver = true
    return background.done
  },

  closeSenders() {
    for (const { sender } of senders) sender.destroy()
    senders = []
  },
}
