import type { LogItem } from '../../log/items.ts'
import { Source } from '../../flow/source.ts'
import { infoOf, typesWhere } from '../../log/event-types.ts'
import type { LogEvent } from '../../store/log-event.ts'
import type { TypingChange, TypingChannel, TypingItem } from './channel.ts'
import type { Viewer } from '../viewer.ts'

/** Least milliseconds between two events about the same person. */
const minIntervalMs = 1_000

/** Events of the log that end somebody's typing. */
export const typingEnds = typesWhere(({ endsTypingOf }) => endsTypingOf !== null)

/** Who stops typing with an event; null when nobody does. */
function typistEndedBy({ type, actorId, data }: LogEvent): string | null {
  const { endsTypingOf } = infoOf(type)
  if (endsTypingOf === 'ACTOR') return actorId
  return endsTypingOf === 'USER' && data && 'userId' in data ? data.userId : null
}

/**
 * The typing events that one viewer gets in a conversation. The feed of its log ends it when the viewer leaves, and also
 * brings the events that ended typing, if the bus lost the sign. It holds one name for each person who changed, however
 * often: the reader gets the state at the time of reading.
 */
export class TypingFeed extends Source<TypingItem> {
  /** People who changed since this reader got their state, even if they changed back. */
  private readonly pending = new Set<string>()
  /**
   * The state that this reader got of each person. For people who do not type it is kept only until the next event is
   * allowed.
   */
  private readonly told = new Map<string, { typing: boolean; atMs: number }>()
  private waiting: NodeJS.Timeout | undefined
  private isOver = false

  constructor(
    private readonly viewer: Viewer,
    private readonly log: Source<LogItem>,
    private readonly channel: TypingChannel,
    private readonly leave: () => void,
  ) {
    super()
    log.onMore = () => {
      if (log.ended) this.end()
      else this.onMore?.()
    }
    channel.listeners.add(this.note)
    channel.typists.forEach(this.note)
    if (log.ended) this.end()
  }

  get ended(): boolean {
    return this.isOver
  }

  override get progress(): number {
    return this.log.progress
  }

  /** Typing itself is not stored, so the feed can only be behind in the log. */
  override get isBehind(): boolean {
    return !this.isOver && this.log.isBehind
  }

  override get waitsFor(): string {
    return this.log.waitsFor
  }

  take(): TypingItem | null {
    this.readLog()
    clearTimeout(this.waiting)
    if (this.isOver) return null
    const nowMs = performance.now()
    let waitMs = Infinity
    for (const userId of this.pending) {
      const change = this.seen(this.channel.of(userId))
      const told = this.told.get(userId)
      const dueInMs = told ? told.atMs + minIntervalMs - nowMs : 0
      const isNews = change.typing !== (told?.typing ?? false)
      if (isNews && dueInMs > 0) {
        waitMs = Math.min(waitMs, dueInMs)
        continue
      }
      this.pending.delete(userId)
      if (!isNews) continue
      this.told.set(userId, { typing: change.typing, atMs: nowMs })
      return { event: change }
    }
    for (const [userId, { typing, atMs }] of this.told) {
      if (!typing && atMs + minIntervalMs <= nowMs) this.told.delete(userId)
    }
    if (waitMs < Infinity) this.waiting = setTimeout(() => this.onMore?.(), Math.ceil(waitMs)).unref()
    return null
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.waiting)
    this.channel.listeners.delete(this.note)
    this.leave()
    this.log.end()
    this.onMore?.()
  }

  private readonly note = (userId: string) => {
    if (userId === this.viewer.userId) return
    this.pending.add(userId)
    this.onMore?.()
  }

  /** Typing that is hidden from this reader has ended for them, or never began. */
  private seen(change: TypingChange): TypingChange {
    if (!change.hiddenFrom?.includes(this.viewer.userId)) return change
    const { type, streamId, userId } = change
    return { type, streamId, userId, typing: false }
  }

  private readLog(): void {
    for (let item = this.log.take(); item; item = this.log.take()) {
      const { event } = item
      const userId = event ? typistEndedBy(event) : null
      if (event && userId !== null) this.channel.end(userId, event.seq)
    }
  }
}
