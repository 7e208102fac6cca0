// Many subscribers in one process. Of each event only the seq is read, to check that none was lost, repeated or reordered.
import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs, percentiles } from './clock.mjs'
import { createSeqFinder } from './frames.mjs'
import { subscribe } from './protocols.mjs'

const openingAtOnce = 50
const pollMs = 5
const retryAfterMs = 250
const portsPerAddress = 20_000

/** @typedef {'graphql-ws' | 'socket.io' | 'bare'} Kind */
/** @typedef {{ token: string, conversationId: string, room: number, payload?: object }} WantedSocket */
/** @typedef {{ kind: Kind, url: string, sockets: WantedSocket[] }} Wanted */

const findSeq = createSeqFinder()

/** @type {Subscriber[]} */
let subscribers = []
/** When the latest event of all subscribers arrived, on the machine's clock. */
let lastEventAtMs = 0
/** @type {null | { baseSeqs: number[], counts: number, atMs: Float64Array }} */
let arrivals = null

/** The first event of the first subscriber since the last reset, unchanged: the only one that is parsed. */
let firstEvent = ''

class Subscriber {
  lastSeq = 0
  events = 0
  repeated = 0
  reordered = 0
  /** @type {Set<number>} numbers that were passed over; one that comes late leaves again */
  missing = new Set()
  /** @type {string | null} */
  ended = null
  /** @type {{ destroy(): void } | null} */
  socket = null

  /**
   * @param {number} index
   * @param {Kind} kind
   * @param {string} url
   * @param {WantedSocket} socket
   */
  constructor(index, kind, url, { token, conversationId, room, payload }) {
    this.index = index
    this.kind = kind
    this.url = url
    this.token = token
    this.conversationId = conversationId
    this.room = room
    this.payload = payload
  }

  /** @param {number | null} after */
  async open(after) {
    // A socket whose subscription was refused is still connected.
    this.socket?.destroy()
    this.ended = null
    this.socket = await subscribe[this.kind]({
      url: this.url,
      token: this.token,
      conversationId: this.conversationId,
      payload: this.payload,
      after,
      localAddress: `127.0.0.${String(2 + Math.floor(this.index / portsPerAddress))}`,
      onEvent: this.onEvent,
      onEnd: (reason) => (this.ended ??= reason),
    })
  }

  /** @type {import('./protocols.mjs').Subscription['onEvent']} */
  onEvent = (bytes, start, end) => {
    const seq = findSeq(bytes, start, end)
    if (seq === 0) return false
    if (this.index === 0 && this.events === 0) firstEvent = bytes.toString('utf8', start, end)
    this.events++
    lastEventAtMs = nowMs()
    if (seq === this.lastSeq + 1 || this.lastSeq === 0) this.lastSeq = seq
    else if (seq > this.lastSeq) {
      for (let passed = this.lastSeq + 1; passed < seq; passed++) this.missing.add(passed)
      this.lastSeq = seq
    } else if (this.missing.delete(seq)) this.reordered++
    else this.repeated++
    if (arrivals !== null) {
      const place = seq - arrivals.baseSeqs[this.room]
      if (place >= 0 && place < arrivals.counts) arrivals.atMs[this.index * arrivals.counts + place] = lastEventAtMs
    }
    return true
  }

  /** @param {number} seq */
  has(seq) {
    return this.lastSeq >= seq && this.missing.size === 0
  }
}

/** @param {(subscriber: Subscriber) => number | null} afterOf */
async function openAll(afterOf) {
  const waiting = subscribers.values()
  const errors = []
  const openNext = async () => {
    for (const subscriber of waiting) {
      try {
        await subscriber.open(afterOf(subscriber))
      } catch (/** @type {any} */ error) {
        subscriber.ended = error.message
        errors.push(error.message)
      }
    }
  }
  await Promise.all(Array.from({ length: openingAtOnce }, openNext))
  return { opened: subscribers.length - errors.length, errors: errors.slice(0, 3) }
}

/**
 * @param {() => boolean} isDone
 * @param {number} timeoutMs
 */
async function until(isDone, timeoutMs) {
  const deadlineMs = nowMs() + timeoutMs
  while (!isDone() && nowMs() < deadlineMs) await sleep(pollMs)
  return isDone()
}

const count = (/** @type {(subscriber: Subscriber) => number} */ of) =>
  subscribers.reduce((sum, subscriber) => sum + of(subscriber), 0)

export const subscriberMethods = {
  /** @param {Wanted} wanted */
  async open({ kind, url, sockets }) {
    subscribers = sockets.map((socket, index) => new Subscriber(index, kind, url, socket))
    return openAll(() => null)
  },

  /** Whether all subscribers have everything up to the seq of their room; `seqs` by room. */
  async waitFor({ seqs, timeoutMs }) {
    const complete = await until(() => subscribers.every((one) => one.has(seqs[one.room])), timeoutMs)
    return { complete, lastEventAtMs }
  },

  /** Resets the counts. With `events`, the expected number for each room, it also records when each event arrives. */
  reset({ baseSeqs = [], events = 0 } = {}) {
    for (const one of subscribers) Object.assign(one, { events: 0, repeated: 0, reordered: 0, missing: new Set() })
    arrivals = events === 0 ? null : { baseSeqs, counts: events, atMs: new Float64Array(subscribers.length * events) }
  },

  /** The counts since the last reset. */
  counts: () => ({
    events: count((one) => one.events),
    missing: count((one) => one.missing.size),
    repeated: count((one) => one.repeated),
    reordered: count((one) => one.reordered),
    ended: [...new Set(subscribers.flatMap(({ ended }) => (ended === null ? [] : [ended])))].slice(0, 3),
    endedCount: count((one) => (one.ended === null ? 0 : 1)),
  }),

  firstEvent: () => firstEvent,

  /**
   * Times from sending to receipt. `sentAtMs` by room and place after its base seq. Events that did not arrive are left
   * out.
   */
  deliveryTimes({ sentAtMs }) {
    if (arrivals === null) throw new Error('reset was not asked to note when events come')
    const { atMs, counts } = arrivals
    const times = []
    let never = 0
    for (const { index, room } of subscribers) {
      for (let place = 0; place < counts; place++) {
        const sent = sentAtMs[room][place]
        if (sent === undefined) continue
        const at = atMs[index * counts + place]
        if (at === 0) never++
        else times.push(at - sent)
      }
    }
    return { ...percentiles(times), never }
  },

  /** Cuts all connections at once. */
  drop() {
    for (const one of subscribers) one.socket?.destroy()
  },

  /**
   * All subscribers come back at once, with their former position if the contender resumes, and retry a little later if
   * they are refused. A subscriber is back when it has a message that was sent after this began.
   */
  async comeBack({ resumes, headSeqs, timeoutMs }) {
    const startedAtMs = nowMs()
    /** @type {(number | null)[]} */
    const backAfterMs = subscribers.map(() => null)
    const refusals = []
    const tryToOpen = async (/** @type {Subscriber} */ one, /** @type {number} */ waitMs) => {
      one.ended = null
      await sleep(waitMs)
      await one.open(resumes ? one.lastSeq : null).catch((error) => (one.ended ??= error.message))
    }
    for (const one of subscribers) void tryToOpen(one, 0)
    const look = (/** @type {Subscriber} */ one, /** @type {number} */ index) => {
      if (backAfterMs[index] !== null) return true
      if (one.lastSeq > headSeqs[one.room]) {
        backAfterMs[index] = nowMs() - startedAtMs
        return true
      }
      if (one.ended !== null) {
        refusals.push(one.ended)
        void tryToOpen(one, retryAfterMs + Math.random() * retryAfterMs)
      }
      return false
    }
    await until(() => subscribers.map(look).every(Boolean), timeoutMs)
    const times = backAfterMs.filter((ms) => ms !== null)
    return {
      back: times.length,
      refusals: refusals.length,
      reasons: [...new Set(refusals)].slice(0, 3),
      ...percentiles(times),
    }
  },

  close() {
    for (const one of subscribers) one.socket?.destroy()
    subscribers = []
    arrivals = null
  },
}
