import { randomUUID } from 'node:crypto'
import type { Bus } from '../../bus/bus.ts'
import { topics } from '../../bus/topics.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { settlesWithin } from '../../flow/deadline.ts'
import type { MembershipOf } from '../conversations/memberships.ts'
import type { Streams } from '../streams/streams.ts'
import { TypingChannel, typingMs, type TypingSign } from './channel.ts'
import { TypingFeed, typingEnds } from './feed.ts'
import type { LiveConnection, Viewer } from '../viewer.ts'

/**
 * Who is typing where. At most once, and never kept: a sign that the bus loses is gone, and the next one, or its absence,
 * repairs that.
 */
export interface Typing {
  /**
   * False when the conversation is not the viewer's. Typing ends by itself, and with the connection when there is one. Of
   * several devices of a person the last word holds.
   */
  set(viewer: Viewer, conversationId: string, typing: boolean, connection: LiveConnection | null): Promise<boolean>
  /** Readers learn from the message itself that its sender ceased to type. Here it makes the next sign a new one. */
  sent(viewer: Viewer, conversationId: string): void
  /** Refused with NOT_FOUND when the conversation is not the viewer's. */
  follow(viewer: Viewer, conversationId: string): Promise<TypingFeed>
  /** Conversations that somebody here watches, and people here who said something a moment ago: each in one of them. */
  readonly count: number
  stop(): void
}

export interface TypingOptions {
  bus: Bus
  streams: Streams
  membershipOf: MembershipOf
  logger: Logger
}

/** Milliseconds between two signs that say the same. */
const repeatMs = 1_000

/** What one person last said about one conversation through this process. */
interface Said {
  typing: boolean
  publishedAtMs: number
  headEventSeq: number
  /** How many times they spoke, and which of these is what holds: lookups of the membership may overtake each other. */
  askedCount: number
  settled: number
  connection: LiveConnection | null
  forgetConnection: () => void
  timer: NodeJS.Timeout
}

interface Watched {
  channel: TypingChannel
  readerCount: number
  unsubscribe: Promise<() => void>
}

/** Milliseconds for which a reader waits for the bus. Signs that come later are seen all the same. */
const busPatienceMs = 300

const nothing = () => undefined

export function createTyping({ bus, streams, membershipOf, logger }: TypingOptions): Typing {
  /** Which of the processes this is. */
  const from = randomUUID()
  const saidBy = new Map<string, Said>()
  const watched = new Map<string, Watched>()
  const keyOf = ({ userId }: Viewer, conversationId: string) => `${userId} ${conversationId}`

  const forget = (key: string, said: Said) => {
    clearTimeout(said.timer)
    said.forgetConnection()
    if (saidBy.get(key) === said) saidBy.delete(key)
  }

  const saidOf = (key: string): Said => {
    const known = saidBy.get(key)
    if (known) {
      known.timer.refresh()
      return known
    }
    const said: Said = {
      typing: false,
      publishedAtMs: -Infinity,
      headEventSeq: 0,
      askedCount: 0,
      settled: 0,
      connection: null,
      forgetConnection: nothing,
      timer: setTimeout(() => forget(key, said), typingMs).unref(),
    }
    saidBy.set(key, said)
    return said
  }

  const publish = (conversationId: string, sign: Omit<TypingSign, 'from'>) => {
    bus.publish(topics.typing(conversationId), JSON.stringify({ ...sign, from })).catch((error: unknown) => {
      logger.debug({ err: error, conversationId }, 'a sign of typing was lost')
    })
  }

  /** Typing that was set through a connection ends with it; the last one counts. */
  const bind = (viewer: Viewer, conversationId: string, said: Said, connection: LiveConnection | null) => {
    const bound = said.typing ? connection : null
    if (said.connection === bound) return
    said.forgetConnection()
    said.connection = bound
    said.forgetConnection =
      bound?.onDisconnected(() => {
        forget(keyOf(viewer, conversationId), said)
        publish(conversationId, { userId: viewer.userId, typing: false, headEventSeq: said.headEventSeq, lost: true })
      }) ?? nothing
  }

  const join = (conversationId: string): Watched => {
    const known = watched.get(conversationId)
    if (known) return known
    const channel = new TypingChannel(conversationId)
    const unsubscribe = bus.subscribe(topics.typing(conversationId), (payload) => {
      channel.hear(JSON.parse(payload) as TypingSign)
    })
    const entry = { channel, readerCount: 0, unsubscribe }
    watched.set(conversationId, entry)
    return entry
  }

  const leave = (conversationId: string, entry: Watched) => {
    if (--entry.readerCount > 0) return
    watched.delete(conversationId)
    entry.channel.close()
    entry.unsubscribe.then((unsubscribe) => unsubscribe(), nothing)
  }

  return {
    async set(viewer, conversationId, typing, connection) {
      const key = keyOf(viewer, conversationId)
      const said = saidOf(key)
      const place = ++said.askedCount
      const membership = await membershipOf(viewer, conversationId)
      if (!membership) {
        forget(key, said)
        return false
      }
      // Overtaken by what the same person said later, or so late that it would be no news.
      if (place < said.settled || saidBy.get(key) !== said) return true
      const { headEventSeq } = membership
      const nowMs = performance.now()
      const isRepeat = said.typing === typing && nowMs - said.publishedAtMs < repeatMs
      Object.assign(said, { typing, settled: place, headEventSeq })
      bind(viewer, conversationId, said, connection)
      if (isRepeat) return true
      said.publishedAtMs = nowMs
      publish(conversationId, { userId: viewer.userId, typing, headEventSeq })
      return true
    },

    sent(viewer, conversationId) {
      const said = saidBy.get(keyOf(viewer, conversationId))
      if (!said) return
      Object.assign(said, { typing: false, settled: ++said.askedCount, publishedAtMs: -Infinity })
      bind(viewer, conversationId, said, null)
    },

    async follow(viewer, conversationId) {
      const log = await streams.conversation(viewer, conversationId, null, typingEnds)
      const entry = join(conversationId)
      entry.readerCount++
      await settlesWithin(busPatienceMs, entry.unsubscribe)
      return new TypingFeed(viewer, log, entry.channel, () => leave(conversationId, entry))
    },

    get count() {
      return watched.size + saidBy.size
    },

    stop() {
      for (const [key, said] of saidBy) forget(key, said)
    },
  }
}
