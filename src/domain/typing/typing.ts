import type { Bus } from '../../bus/bus.ts'
import { topics } from '../../bus/topics.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { settlesWithin } from '../../flow/deadline.ts'
import type { Streams } from '../streams/streams.ts'
import { TypingChannel, type TypingSign } from './channel.ts'
import { TypingFeed, typingEnds } from './feed.ts'
import type { TypistOf } from './typist-of.ts'
import { Typists } from './typists.ts'
import type { LiveConnection, Viewer } from '../viewer.ts'

/**
 * Who is typing where. At most once, and never stored: a sign that the bus loses is gone, and the next sign, or its
 * absence, repairs that.
 */
export interface Typing {
  /**
   * False when the conversation is not the viewer's, or closed. Typing ends by itself, and with the connection if there is one. If a
   * person has several devices, the last report holds. Rejects with UNAVAILABLE when the membership cannot be read.
   */
  set(viewer: Viewer, conversationId: string, typing: boolean, connection: LiveConnection | null): Promise<boolean>
  /** The message itself tells readers that its sender stopped typing. Here it only makes the next sign a new one. */
  sent(viewer: Viewer, conversationId: string): void
  /** Rejects with NOT_FOUND when the conversation is not the viewer's. */
  follow(viewer: Viewer, conversationId: string): Promise<TypingFeed>
  /** Conversations that are followed here, plus the recent reporters here: one for each person and conversation. */
  readonly count: number
  stop(): void
}

export interface TypingOptions {
  bus: Bus
  streams: Streams
  typistOf: TypistOf
  logger: Logger
}

interface Watched {
  channel: TypingChannel
  readerCount: number
  unsubscribe: Promise<() => void>
}

/** Milliseconds for which a reader waits for the bus. Later signs still arrive. */
const busPatienceMs = 300

const nothing = () => undefined

export function createTyping({ bus, streams, typistOf, logger }: TypingOptions): Typing {
  const typists = new Typists(bus, typistOf, logger)
  const channels = new Channels(bus)
  return {
    set: (viewer, conversationId, typing, connection) => typists.set(viewer, conversationId, typing, connection),
    sent: (viewer, conversationId) => {
      typists.sent(viewer, conversationId)
    },
    async follow(viewer, conversationId) {
      const log = await streams.conversation(viewer, conversationId, null, typingEnds)
      const { channel, leave } = await channels.join(conversationId)
      return new TypingFeed(viewer, log, channel, leave)
    },
    get count() {
      return channels.count + typists.count
    },
    stop() {
      typists.stop()
    },
  }
}

/** The conversations whose typing is followed in this process, each with one bus subscription. */
class Channels {
  private readonly watched = new Map<string, Watched>()

  constructor(private readonly bus: Bus) {}

  get count(): number {
    return this.watched.size
  }

  async join(conversationId: string): Promise<{ channel: TypingChannel; leave: () => void }> {
    const entry = this.watched.get(conversationId) ?? this.open(conversationId)
    entry.readerCount++
    await settlesWithin(busPatienceMs, entry.unsubscribe)
    return { channel: entry.channel, leave: () => this.leave(conversationId, entry) }
  }

  private open(conversationId: string): Watched {
    const channel = new TypingChannel(conversationId)
    const unsubscribe = this.bus.subscribe(topics.typing(conversationId), (payload) => {
      channel.receive(JSON.parse(payload) as TypingSign)
    })
    const entry = { channel, readerCount: 0, unsubscribe }
    this.watched.set(conversationId, entry)
    return entry
  }

  private leave(conversationId: string, entry: Watched): void {
    if (--entry.readerCount > 0) return
    this.watched.delete(conversationId)
    entry.channel.close()
    entry.unsubscribe.then((unsubscribe) => unsubscribe(), nothing)
  }
}
