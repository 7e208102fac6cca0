import type { Redis } from 'ioredis'
import { within } from '../flow/deadline.ts'
import type { Logger } from '../telemetry/logger.ts'
import { refusalIn } from './health.ts'

/** Milliseconds for which a subscriber waits for the answer: the bus is there for speed, and a longer wait is not fast. */
const patienceMs = 250
/** Milliseconds until a connection that does not answer a SUBSCRIBE is given up. */
const answerTimeoutMs = 2_000
const retryMs = 1_000
/** Topics of one SUBSCRIBE. */
const chunkSize = 500

interface Topic {
  isWanted: boolean
  /** Whether it was asked for on the present connection. */
  isAsked: boolean
  isLive: boolean
  /** Resolves when it is live, or when a subscriber need not wait any longer. */
  patience: Promise<void>
  endPatience: () => void
  /** Called when it becomes live after the wait; null while nobody waits for that. */
  late: (() => void)[] | null
}

/**
 * The topics that are wanted, and their state on the present connection. One place compares the two and asks Redis for the
 * difference, once a tick and whenever there is a new connection. So nothing depends on the answer to one SUBSCRIBE, which
 * may never come: ioredis 5.11 forgets a SUBSCRIBE that was sent before its connection was ready and then lost, and
 * graphql-redis-subscriptions 2.7 makes every later subscriber of that topic wait for the same answer.
 */
export class Subscriptions {
  private readonly topics = new Map<string, Topic>()
  private readonly changed = new Set<string>()
  private isPlanned = false

  constructor(
    private readonly client: Redis,
    private readonly logger: Logger,
    /** Called when the connection does not answer. */
    private readonly onSilence: (error: Error) => void,
  ) {
    client.on('close', () => {
      for (const topic of this.topics.values()) {
        topic.isAsked = topic.isLive = false
        topic.endPatience()
      }
    })
    client.on('ready', () => {
      for (const name of this.topics.keys()) this.change(name)
    })
  }

  want(name: string): void {
    const known = this.topics.get(name)
    if (known) known.isWanted = true
    else this.topics.set(name, this.newTopic())
    this.change(name)
  }

  unwant(name: string): void {
    const topic = this.topics.get(name)
    if (!topic) return
    topic.isWanted = false
    this.change(name)
  }

  /** Resolves when the topic is live, however late. */
  untilLive(name: string): Promise<void> {
    return new Promise((resolve) => {
      const topic = this.topics.get(name)
      if (!topic || topic.isLive) resolve()
      else (topic.late ??= []).push(resolve)
    })
  }

  /** Resolves when the topic is live, or soon even if it is not; `onLate` is called when it becomes live after that. */
  async settled(name: string, onLate: () => void): Promise<void> {
    const topic = this.topics.get(name)
    if (!topic) return
    await topic.patience
    if (!topic.isLive) (topic.late ??= []).push(onLate)
  }

  private newTopic(): Topic {
    let endPatience = (): void => undefined
    const patience = new Promise<void>((resolve) => {
      // Without a connection there is nothing to wait for.
      if (this.client.status !== 'ready') {
        resolve()
        return
      }
      const timer = setTimeout(resolve, patienceMs)
      endPatience = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return { isWanted: true, isAsked: false, isLive: false, patience, endPatience, late: null }
  }

  private change(name: string): void {
    this.changed.add(name)
    if (this.isPlanned) return
    this.isPlanned = true
    process.nextTick(() => {
      this.isPlanned = false
      this.reconcile()
    })
  }

  private reconcile(): void {
    const ask: string[] = []
    const leave: string[] = []
    const isReady = this.client.status === 'ready'
    for (const name of this.changed) {
      const topic = this.topics.get(name)
      if (!topic) continue
      if (!topic.isWanted) {
        this.topics.delete(name)
        topic.endPatience()
        if (topic.isAsked) leave.push(name)
      } else if (!topic.isAsked && isReady) {
        topic.isAsked = true
        ask.push(name)
      }
    }
    this.changed.clear()
    for (const names of chunksOf(leave)) if (isReady) this.client.unsubscribe(...names).catch(() => undefined)
    for (const names of chunksOf(ask)) void this.ask(names)
  }

  private async ask(names: string[]): Promise<void> {
    const asked = names.map((name) => [name, this.topics.get(name)] as const)
    const { stream } = this.client
    try {
      await within(answerTimeoutMs, this.client.subscribe(...names), () => new Error('SUBSCRIBE is not answered'))
      if (this.client.stream === stream) for (const [name, topic] of asked) this.goLive(name, topic)
    } catch (error) {
      // The connection was lost; everything is asked for again on the next one.
      if (this.client.status !== 'ready' || this.client.stream !== stream) return
      // One refused topic makes Redis refuse all in the command: ask for each alone.
      if (names.length > 1 && isAnswer(error)) for (const name of names) void this.ask([name])
      else this.fail(asked, error as Error)
    }
  }

  private goLive(name: string, topic: Topic | undefined): void {
    if (!topic || this.topics.get(name) !== topic) return
    topic.isLive = true
    topic.endPatience()
    const late = topic.late ?? []
    topic.late = null
    for (const listener of late) listener()
  }

  private fail(asked: readonly (readonly [string, Topic | undefined])[], error: Error): void {
    if (!isAnswer(error)) {
      this.onSilence(error)
      return
    }
    for (const [name, topic] of asked) {
      topic?.endPatience()
      // RedisHealth logs a refusal of the whole server.
      if (refusalIn(error) === null) this.logger.error({ err: error, topic: name }, 'SUBSCRIBE failed; trying again')
      setTimeout(() => {
        if (!topic || this.topics.get(name) !== topic) return
        topic.isAsked = false
        this.change(name)
      }, retryMs).unref()
    }
  }
}

/** Whether it is an error that Redis answered. */
const isAnswer = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'

function chunksOf(names: readonly string[]): string[][] {
  const chunks: string[][] = []
  for (let at = 0; at < names.length; at += chunkSize) chunks.push(names.slice(at, at + chunkSize))
  return chunks
}
