import cluster from 'node:cluster'
import type { Bus } from '../bus/bus.ts'
import { Listeners } from '../bus/listeners.ts'
import type { Counters } from '../ephemeral/counters.ts'
import type { PresenceStates } from '../ephemeral/presence.ts'
import { settlesWithin, within } from '../flow/deadline.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Call, ToPrimary, ToWorker, Welcome } from './messages.ts'

/** What a worker has of the process that started it. */
export interface Siblings extends Welcome {
  /** In place of Redis. */
  openBus(logger: Logger): Bus
  presence: PresenceStates
  counters: Counters
}

export const isWorker = cluster.isWorker

/** Milliseconds to wait for an answer: a person's request is waiting too. */
const callTimeoutMs = 1_000
/** Milliseconds after which a subscription counts as late. */
const patienceMs = 250
const maxPendingBatches = 1_000

export const tellPrimary = (message: ToPrimary, done?: () => void): void => {
  // Without a primary there is no channel, and this process ends by itself.
  process.send?.(message, undefined, undefined, done && (() => done()))
}

/** Says hello, and resolves when the primary has answered. `stop` is called when it asks for it. */
export async function joinSiblings(stop: () => void): Promise<Siblings> {
  const channel = new Channel()
  const welcome = await new Promise<Welcome>((resolve) => {
    process.on('message', (message: ToWorker) => {
      if (message.type === 'welcome') resolve(message)
      else if (message.type === 'stop') stop()
      else channel.take(message)
    })
    tellPrimary({ type: 'hello' })
  })
  return {
    ...{ index: welcome.index, embeddedUrl: welcome.embeddedUrl },
    openBus: (logger) => new WorkerBus(channel, logger),
    presence: presenceOf(channel),
    counters: {
      counter: (rule) => ({
        add: (key, points) => channel.ask({ what: 'add', rule, key, points }),
        take: (key, points) => channel.ask({ what: 'take', rule, key, points }),
        giveBack: (key) => channel.ask({ what: 'giveBack', rule, key }),
        fullForMs: (key) => channel.ask({ what: 'fullForMs', rule, key }),
      }),
      close: () => Promise.resolve(),
    },
  }
}

const presenceOf = (channel: Channel): PresenceStates => ({
  apply: (changes) => channel.ask({ what: 'apply', changes }),
  sweep: () => channel.ask({ what: 'sweep' }),
  saved: (moments) => channel.ask({ what: 'saved', moments }),
  read: (userIds) => channel.ask({ what: 'read', userIds }),
  onConnected: (listener) => {
    listener(false)
  },
  isReachable: true,
  close: () => Promise.resolve(),
})

class Channel {
  onPublished: (messages: string[]) => void = () => undefined
  onLost: () => void = () => undefined
  private lastId = 0
  private readonly waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()

  take(message: ToWorker): void {
    if (message.type === 'published') this.onPublished(message.messages)
    else if (message.type === 'lost') this.onLost()
    else if (message.type === 'subscribed') this.settle(message.id, {})
    else if (message.type === 'answer') this.settle(message.id, message)
  }

  ask<Answer>(call: Call): Promise<Answer> {
    return this.request((id) => ({ type: 'call', id, call }), callTimeoutMs)
  }

  /** Resolves when everything that is published from now on arrives. */
  subscribe(topic: string): Promise<void> {
    return this.request((id) => ({ type: 'subscribe', topic, id }), null)
  }

  private request<Answer>(messageOf: (id: number) => ToPrimary, timeoutMs: number | null): Promise<Answer> {
    const id = ++this.lastId
    const answer = new Promise<Answer>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      tellPrimary(messageOf(id))
    })
    if (timeoutMs === null) return answer
    return within(timeoutMs, answer, () => {
      this.waiting.delete(id)
      return new Error('The process that all workers share does not answer.')
    })
  }

  private settle(id: number, { answer, error }: { answer?: unknown; error?: string }): void {
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    if (error === undefined) waiting?.resolve(answer as never)
    else waiting?.reject(new Error(error))
  }
}

interface OpenTopic {
  listeners: Listeners
  live: Promise<void>
}

/** The bus between the workers of one machine: by way of the process that started them. */
class WorkerBus implements Bus {
  readonly isShared = true
  private readonly topics = new Map<string, OpenTopic>()
  private readonly backListeners = new Set<() => void>()
  private batch: string[] = []
  private pendingBatches = 0
  private closed = false

  constructor(
    private readonly channel: Channel,
    private readonly logger: Logger,
  ) {
    channel.onPublished = (messages) => {
      for (let at = 0; at < messages.length; at += 2) this.deliver(messages[at] ?? '', messages[at + 1] ?? '')
    }
    channel.onLost = () => {
      for (const listener of this.backListeners) listener()
    }
  }

  publish(topic: string, payload: string): Promise<void> {
    if (this.closed || this.pendingBatches >= maxPendingBatches) {
      return Promise.reject(new Error('The bus is closed, or too slow.'))
    }
    // What is published in one turn goes together: a message by the channel costs more than what is in it.
    if (this.batch.length === 0) setImmediate(this.flush)
    this.batch.push(topic, payload)
    this.deliver(topic, payload)
    return Promise.resolve()
  }

  async subscribe(topic: string, listener: (payload: string) => void, onLate?: () => void): Promise<() => void> {
    if (this.closed) return () => undefined
    const entry = this.topics.get(topic) ?? this.open(topic)
    const { listeners, live } = entry
    const leave = listeners.add(listener)
    let hasLeft = false
    if (!(await settlesWithin(patienceMs, live))) {
      void live.then(() => {
        if (!hasLeft) onLate?.()
      })
    }
    return () => {
      hasLeft = true
      leave()
      if (listeners.size > 0 || this.topics.get(topic) !== entry) return
      this.topics.delete(topic)
      tellPrimary({ type: 'unsubscribe', topic })
    }
  }

  onBack(listener: () => void): void {
    this.backListeners.add(listener)
  }

  get connected(): boolean {
    return !this.closed
  }

  get topicCount(): number {
    return this.topics.size
  }

  close(): Promise<void> {
    if (!this.closed) this.flush()
    this.closed = true
    this.topics.clear()
    return Promise.resolve()
  }

  private open(topic: string): OpenTopic {
    const entry = { listeners: new Listeners(topic, this.logger), live: this.channel.subscribe(topic) }
    this.topics.set(topic, entry)
    return entry
  }

  private deliver(topic: string, payload: string): void {
    this.topics.get(topic)?.listeners.deliver(payload)
  }

  private readonly flush = (): void => {
    const messages = this.batch
    if (messages.length === 0) return
    this.batch = []
    this.pendingBatches++
    tellPrimary({ type: 'publish', messages }, () => this.pendingBatches--)
  }
}
