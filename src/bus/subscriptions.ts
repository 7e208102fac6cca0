import { within } from '../flow/deadline.ts'
import type { Logger } from '../telemetry/logger.ts'
import { refusalIn } from './health.ts'
import { TopicsMovedError, type Link, type Links } from './link.ts'

/** Milliseconds for which a subscriber waits for the answer: the bus is there for speed, and a longer wait is not fast. */
const patienceMs = 250
/** Milliseconds until a connection that does not answer a SUBSCRIBE is given up. */
const answerTimeoutMs = 2_000
const retryMs = 1_000
/** Milliseconds until a node is asked again that said that another one has the topic: by then it is known which. */
const movedRetryMs = 100

interface Topic {
  isWanted: boolean
  /** On whose present connection it was asked for. */
  link: Link | null
  isLive: boolean
  /** Resolves when it is live, or when a subscriber need not wait any longer. */
  patience: Promise<void>
  endPatience: () => void
  /** Called when it becomes live after the wait; null while nobody waits for that. */
  late: (() => void)[] | null
}

/**
 * The topics that are wanted, and their state on the present connections. One place compares the two and asks Redis for the
 * difference, once a tick and whenever there is a new connection or topics have moved. So nothing depends on the answer to one
 * SUBSCRIBE, which may never come: ioredis 5.11 forgets a SUBSCRIBE that was sent before its connection was ready and then lost,
 * and graphql-redis-subscriptions 2.7 makes every later subscriber of that topic wait for the same answer.
 */
export class Subscriptions {
  private readonly topics = new Map<string, Topic>()
  private readonly changed = new Set<string>()
  private isPlanned = false

  constructor(
    private readonly links: Links,
    private readonly logger: Logger,
    /** Called when a connection does not answer. */
    private readonly onSilence: (error: Error) => void,
  ) {
    links.onLost((link) => {
      for (const topic of this.topics.values()) {
        if (topic.link !== link && topic.link !== null) continue
        topic.link = null
        topic.isLive = false
        topic.endPatience()
      }
    })
    links.onReady((link) => {
      for (const name of this.topics.keys()) if (links.of(name) === link) this.change(name)
    })
    links.onMoved(() => {
      for (const name of this.topics.keys()) this.change(name)
    })
  }

  want(name: string): void {
    const known = this.topics.get(name)
    if (known) known.isWanted = true
    else this.topics.set(name, this.newTopic(name))
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

  private newTopic(name: string): Topic {
    let endPatience = (): void => undefined
    const patience = new Promise<void>((resolve) => {
      // Without a connection there is nothing to wait for.
      if (this.links.of(name)?.isReady !== true) {
        resolve()
        return
      }
      const timer = setTimeout(resolve, patienceMs)
      endPatience = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return { isWanted: true, link: null, isLive: false, patience, endPatience, late: null }
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
    const ask = new Map<Link, string[]>()
    const leave = new Map<Link, string[]>()
    for (const name of this.changed) {
      const topic = this.topics.get(name)
      if (!topic) continue
      if (!topic.isWanted) {
        this.topics.delete(name)
        topic.endPatience()
        if (topic.link) listOf(leave, topic.link).push(name)
        continue
      }
      const link = this.links.of(name)
      if (topic.link && topic.link !== link) {
        listOf(leave, topic.link).push(name)
        topic.link = null
        topic.isLive = false
      }
      if (!topic.link && link?.isReady) {
        topic.link = link
        listOf(ask, link).push(name)
      }
    }
    this.changed.clear()
    for (const [link, names] of leave) {
      if (!link.isReady) continue
      for (const batch of this.links.batchesOf(names)) link.unsubscribe(batch).catch(() => undefined)
    }
    for (const [link, names] of ask) for (const batch of this.links.batchesOf(names)) void this.ask(link, batch)
  }

  private async ask(link: Link, names: string[]): Promise<void> {
    const asked = names.map((name) => [name, this.topics.get(name)] as const)
    const { connection } = link
    try {
      await within(answerTimeoutMs, link.subscribe(names), () => new Error('SUBSCRIBE is not answered'))
      if (link.connection === connection) for (const [name, topic] of asked) this.goLive(name, topic, link)
    } catch (error) {
      // The connection was lost; everything is asked for again on the next one.
      if (!link.isReady || link.connection !== connection) return
      if (error instanceof TopicsMovedError) this.askAgain(asked, link, movedRetryMs)
      // One refused topic makes Redis refuse all in the command: ask for each alone.
      else if (names.length > 1 && isAnswer(error)) for (const name of names) void this.ask(link, [name])
      else this.fail(asked, link, error as Error)
    }
  }

  private goLive(name: string, topic: Topic | undefined, link: Link): void {
    if (!topic || this.topics.get(name) !== topic || topic.link !== link) return
    topic.isLive = true
    topic.endPatience()
    const late = topic.late ?? []
    topic.late = null
    for (const listener of late) listener()
  }

  private fail(asked: Asked, link: Link, error: Error): void {
    if (!isAnswer(error)) {
      this.onSilence(error)
      return
    }
    for (const [name, topic] of asked) {
      topic?.endPatience()
      // RedisHealth logs a refusal of the whole server.
      if (refusalIn(error) === null) this.logger.error({ err: error, topic: name }, 'SUBSCRIBE failed; trying again')
    }
    this.askAgain(asked, link, retryMs)
  }

  private askAgain(asked: Asked, link: Link, delayMs: number): void {
    setTimeout(() => {
      for (const [name, topic] of asked) {
        if (!topic || this.topics.get(name) !== topic || topic.link !== link) continue
        topic.link = null
        this.change(name)
      }
    }, delayMs).unref()
  }
}

type Asked = readonly (readonly [string, Topic | undefined])[]

/** Whether it is an error that Redis answered. */
const isAnswer = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'

function listOf(lists: Map<Link, string[]>, link: Link): string[] {
  const known = lists.get(link)
  if (known) return known
  const fresh: string[] = []
  lists.set(link, fresh)
  return fresh
}
