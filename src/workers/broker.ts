import { topics } from '../bus/topics.ts'
import { createInProcessCounters, type Counter } from '../ephemeral/counters.ts'
import { createInProcessPresence } from '../ephemeral/inprocess.ts'
import type { Call, ToPrimary, ToWorker } from './messages.ts'

/** A worker as the broker sees it. `done` is called when the message has left, or cannot. */
export interface Peer {
  send(message: ToWorker, done: () => void): void
}

interface Seat {
  peer: Peer
  topics: Set<string>
  pending: number
  hasLost: boolean
}

/** Batches that wait for a worker that takes none. */
const maxPending = 2_000

/** What Redis is to several machines, for the workers of one: the bus, presence, and counts. */
export class Broker {
  private readonly seats = new Map<Peer, Seat>()
  private readonly subscribers = new Map<string, Set<Seat>>()
  private readonly presence = createInProcessPresence({
    announce: (userIds) => {
      this.publish(null, [topics.presence, JSON.stringify(userIds)])
    },
  })
  private readonly counters = createInProcessCounters()
  private readonly counterOf = new Map<string, Counter>()

  join(peer: Peer): void {
    this.seats.set(peer, { peer, topics: new Set(), pending: 0, hasLost: false })
  }

  leave(peer: Peer): void {
    const seat = this.seats.get(peer)
    if (!seat) return
    this.seats.delete(peer)
    for (const topic of seat.topics) this.unsubscribe(seat, topic)
  }

  take(peer: Peer, message: ToPrimary): void {
    const seat = this.seats.get(peer)
    if (!seat) return
    switch (message.type) {
      case 'subscribe':
        seat.topics.add(message.topic)
        this.subscribersOf(message.topic).add(seat)
        this.send(seat, { type: 'subscribed', id: message.id })
        break
      case 'unsubscribe':
        seat.topics.delete(message.topic)
        this.unsubscribe(seat, message.topic)
        break
      case 'publish':
        this.publish(seat, message.messages)
        break
      case 'call': {
        const { id, call } = message
        this.answer(call).then(
          (answer) => {
            this.send(seat, { type: 'answer', id, answer })
          },
          (error: unknown) => {
            this.send(seat, { type: 'answer', id, error: error instanceof Error ? error.message : String(error) })
          },
        )
        break
      }
      default:
    }
  }

  private subscribersOf(topic: string): Set<Seat> {
    const known = this.subscribers.get(topic)
    if (known) return known
    const made = new Set<Seat>()
    this.subscribers.set(topic, made)
    return made
  }

  private unsubscribe(seat: Seat, topic: string): void {
    const others = this.subscribers.get(topic)
    others?.delete(seat)
    if (others?.size === 0) this.subscribers.delete(topic)
  }

  /** To all who subscribed but the one who published: that one has it. One batch for each, however many messages there are. */
  private publish(from: Seat | null, messages: readonly string[]): void {
    const batches = new Map<Seat, string[]>()
    for (let at = 0; at < messages.length; at += 2) {
      const [topic = '', payload = ''] = messages.slice(at, at + 2)
      for (const seat of this.subscribers.get(topic) ?? []) {
        if (seat === from) continue
        const batch = batches.get(seat)
        if (batch) batch.push(topic, payload)
        else batches.set(seat, [topic, payload])
      }
    }
    for (const [seat, batch] of batches) this.deliver(seat, batch)
  }

  private deliver(seat: Seat, messages: string[]): void {
    // A worker that stands still must not fill our memory. It reads from the log what it missed.
    if (seat.pending >= maxPending) seat.hasLost = true
    else this.send(seat, { type: 'published', messages })
  }

  private send(seat: Seat, message: ToWorker): void {
    seat.pending++
    seat.peer.send(message, () => {
      seat.pending--
      if (!seat.hasLost || seat.pending > 0) return
      seat.hasLost = false
      this.send(seat, { type: 'lost' })
    })
  }

  private async answer(call: Call): Promise<unknown> {
    switch (call.what) {
      case 'apply':
        return this.presence.apply(call.changes)
      case 'sweep':
        return this.presence.sweep()
      case 'saved':
        return this.presence.saved(call.moments)
      case 'read':
        return this.presence.read(call.userIds)
      case 'add':
        return this.counter(call.rule).add(call.key, call.points)
      case 'take':
        return this.counter(call.rule).take(call.key, call.points)
      case 'giveBack':
        return this.counter(call.rule).giveBack(call.key)
      case 'fullForMs':
        return this.counter(call.rule).fullForMs(call.key)
    }
  }

  private counter(rule: Parameters<Broker['counters']['counter']>[0]): Counter {
    const name = JSON.stringify(rule)
    const known = this.counterOf.get(name)
    if (known) return known
    const made = this.counters.counter(rule)
    this.counterOf.set(name, made)
    return made
  }
}
