import { randomUUID } from 'node:crypto'
import type { Bus } from '../../bus/bus.ts'
import { topics } from '../../bus/topics.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { LiveConnection, Viewer } from '../viewer.ts'
import { typingMs, type TypingSign } from './channel.ts'
import type { TypistOf } from './typist-of.ts'

/** Least milliseconds between two equal signs. */
const repeatMs = 1_000

/** The last report of one person about one conversation, through this process. */
interface Said {
  typing: boolean
  publishedAtMs: number
  headEventSeq: number
  /** How many reports there were, and which of them holds: lookups of the membership may overtake each other. */
  askedCount: number
  settled: number
  connection: LiveConnection | null
  forgetConnection: () => void
  timer: NodeJS.Timeout
}

const nothing = () => undefined
const keyOf = ({ userId }: Viewer, conversationId: string) => `${userId} ${conversationId}`

/** Publishes whether people type, for people who report it through this process. */
export class Typists {
  /** Identifies this process. */
  private readonly from = randomUUID()
  private readonly saidBy = new Map<string, Said>()

  constructor(
    private readonly bus: Bus,
    private readonly typistOf: TypistOf,
    private readonly logger: Logger,
  ) {}

  get count(): number {
    return this.saidBy.size
  }

  async set(
    viewer: Viewer,
    conversationId: string,
    typing: boolean,
    connection: LiveConnection | null,
  ): Promise<boolean> {
    const key = keyOf(viewer, conversationId)
    const said = this.saidOf(key)
    const asked = ++said.askedCount
    const typist = await this.typistOf(viewer, conversationId)
    if (!typist) {
      this.forget(key, said)
      return false
    }
    // A later report of the same person has overtaken this one, or it comes too late to matter.
    if (asked < said.settled || this.saidBy.get(key) !== said) return true
    const { headEventSeq, hiddenFrom } = typist
    const nowMs = performance.now()
    const isRepeat = said.typing === typing && nowMs - said.publishedAtMs < repeatMs
    Object.assign(said, { typing, settled: asked, headEventSeq })
    this.bind(viewer, conversationId, said, connection)
    if (isRepeat) return true
    said.publishedAtMs = nowMs
    const sign = { userId: viewer.userId, typing, headEventSeq }
    this.publish(conversationId, hiddenFrom.length > 0 ? { ...sign, hiddenFrom } : sign)
    return true
  }

  sent(viewer: Viewer, conversationId: string): void {
    const said = this.saidBy.get(keyOf(viewer, conversationId))
    if (!said) return
    Object.assign(said, { typing: false, settled: ++said.askedCount, publishedAtMs: -Infinity })
    this.bind(viewer, conversationId, said, null)
  }

  stop(): void {
    for (const [key, said] of this.saidBy) this.forget(key, said)
  }

  private saidOf(key: string): Said {
    const known = this.saidBy.get(key)
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
      timer: setTimeout(() => this.forget(key, said), typingMs).unref(),
    }
    this.saidBy.set(key, said)
    return said
  }

  private forget(key: string, said: Said): void {
    clearTimeout(said.timer)
    said.forgetConnection()
    if (this.saidBy.get(key) === said) this.saidBy.delete(key)
  }

  /** Typing that was reported through a connection ends with it; the last connection counts. */
  private bind(viewer: Viewer, conversationId: string, said: Said, connection: LiveConnection | null): void {
    const bound = said.typing ? connection : null
    if (said.connection === bound) return
    said.forgetConnection()
    said.connection = bound
    said.forgetConnection =
      bound?.onDisconnected(() => {
        this.forget(keyOf(viewer, conversationId), said)
        const { headEventSeq } = said
        this.publish(conversationId, { userId: viewer.userId, typing: false, headEventSeq, lost: true })
      }) ?? nothing
  }

  private publish(conversationId: string, sign: Omit<TypingSign, 'from'>): void {
    const payload = JSON.stringify({ ...sign, from: this.from })
    this.bus.publish(topics.typing(conversationId), payload).catch((error: unknown) => {
      this.logger.debug({ err: error, conversationId }, 'a sign of typing was lost')
    })
  }
}
