import type { LogItem } from '../../log/items.ts'
import { Source } from '../../flow/source.ts'
import { infoOf, typesWhere } from '../../log/event-types.ts'
import type { LogEvent } from '../../store/log-event.ts'
import type { TypingChannel, TypingItem } from './channel.ts'
import type { Viewer } from '../viewer.ts'

/** Milliseconds between two events about the same person, at the least. */
const minIntervalMs = 1_000

/** Events of the log that end somebody's typing. */
export const typingEnds = typesWhere(({ endsTypingOf }) => endsTypingOf !== null)

/** Who ceases to type with an event; null when nobody does. */
function typistEndedBy({ type, actorId, data }: LogEvent): string | null {
  const { endsTypingOf } = infoOf(type)
  if (endsTypingOf === 'ACTOR') return actorId
  return endsTypingOf === 'USER' && data && 'userId' in data ? data.userId : null
}

/**
 * What one viewer is told of who types in a conversation. The feed of its log decides how long they may know, and tells
 * what ended the typing, also when the bus lost it. Holds a name for each who changed, however often: what is told is how
 * it is by then.
 */
export class TypingFeed extends Source<TypingItem> {
  /** Who changed since this reader was told about them, or did and changed back. */
  private readonly pending = new Set<string>()
  /** What was told of whom; of those who do not type only while it is too early for the next event. */
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

  /** Of typing itself nothing is kept that it could be behind of. */
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
      const change = this.channel.of(userId)
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

  private readLog(): void {
    for (let item = this.log.take(); item; item = this.log.take()) {
      const { event } = item
      const userId = event ? typistEndedBy(event) : null
      if (event && userId !== null) this.channel.end(userId, event.seq)
    }
  }
}
