import type { Cursor } from '../../log/cursor.ts'
import type { LogItem, LostPlace, TokenText } from '../../log/items.ts'
import { within } from '../../flow/deadline.ts'
import { Source } from '../../flow/source.ts'
import type { ResumePoint } from '../../log/resume-point.ts'
import type { Membership } from '../../store/conversations.ts'
import type { EventType } from '../../log/event-types.ts'
import type { LogEventOf } from '../../store/log-event.ts'
import type { MembershipOf } from '../conversations/memberships.ts'
import { UnavailableError } from '../errors.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Viewer } from '../viewer.ts'
import { placeOf, type StreamStart } from './position.ts'

/** Milliseconds for which a feed may stay silent while it begins to follow a joined conversation. */
const joinTimeoutMs = 5_000
const retryAfterMs = 1_000
const notJoined = () =>
  new UnavailableError('What was joined could not be opened in time. Come back with your cursors.', retryAfterMs)

export interface FeedOptions {
  /** The feed of one conversation ends when the viewer is no longer in it; that of an inbox continues without it. */
  endsOnLeaving: boolean
  /** Sent first: streams in which the viewer's cursor is not valid any more. */
  lost?: LostPlace[]
  /** Makes the token of an item from the reader's point in all streams; null: no token is wanted. */
  tokenOf?: ((point: ResumePoint) => TokenText) | null
  /** Only events of these types are delivered; all if not given. */
  types?: readonly EventType[]
}

/**
 * What one viewer may see of their streams: a cursor that follows the conversations they join, and stops exactly at the
 * event with which they leave. Ends with the session.
 */
export class Feed extends Source<LogItem> {
  /** By conversation the position of the (last) joining: only a MEMBER_LEFT after it ends the membership. */
  private readonly joinedAt = new Map<string, number>()
  /** By conversation the seq up to which messages are withheld from the viewer, where some are. */
  private readonly historyFrom = new Map<string, number>()
  private lost: LostPlace[] = []
  private endsOnLeaving = false
  /** Where it began; null also if an item brings that. */
  firstPlace: string | null = null
  private tokenOf: ((point: ResumePoint) => TokenText) | null = null
  private types: readonly EventType[] | undefined
  private isOver = false
  /** A joining that is being looked up. Its event is delivered once the cursor follows the conversation. */
  private joining: { event: LogItem | null; error?: Error } | null = null
  private readonly forgetSession: () => void
  private forgetRole: (() => void) | null = null

  constructor(
    private readonly viewer: Viewer,
    private readonly cursor: Cursor,
    private readonly watch: Pick<SessionWatch, 'onEnded' | 'onDemoted'>,
    private readonly membershipOf: MembershipOf,
  ) {
    super()
    cursor.onMore = () => this.onMore?.()
    this.forgetSession = watch.onEnded(viewer.sessionId, () => {
      this.end()
    })
  }

  get ended(): boolean {
    return this.isOver
  }

  override get streamCount(): number {
    return this.cursor.streamCount
  }

  override get progress(): number {
    return this.cursor.progress
  }

  override get isBehind(): boolean {
    return !this.isOver && (this.joining !== null || this.lost.length > 0 || this.cursor.isBehind)
  }

  override get waitsFor(): string {
    return this.joining ? 'a conversation that was joined' : this.cursor.waitsFor
  }

  async start(
    starts: readonly StreamStart[],
    memberships: readonly Membership[],
    { endsOnLeaving, lost = [], tokenOf = null, types }: FeedOptions,
  ): Promise<void> {
    this.tokenOf = tokenOf
    this.endsOnLeaving = endsOnLeaving
    this.types = types
    this.lost = [...lost]
    const [first] = starts
    if (endsOnLeaving && first?.mark && !first.lost) this.firstPlace = placeOf(first.afterSeq, first.mark)
    for (const membership of memberships) this.note(membership)
    if (memberships.some(({ asStaff }) => asStaff === true)) {
      this.forgetRole = this.watch.onDemoted(this.viewer.sessionId, () => {
        this.end()
      })
    }
    try {
      await this.cursor.follow(starts)
    } catch (error) {
      this.end()
      throw error
    }
  }

  take(): LogItem | null {
    if (this.isOver) return null
    if (this.joining) return this.takeJoining(this.joining)
    const lost = this.lost.shift()
    if (lost) return { lost }
    for (;;) {
      const item = this.cursor.take()
      if (item?.point && this.tokenOf) item.resume = this.tokenOf(item.point)
      if (!item?.event) return item
      const { event } = item
      if (event.type === 'MEMBER_LEFT') this.leave(event)
      if (event.type === 'INBOX_ENTRY_CHANGED' && event.data.historyFromSeq !== undefined) {
        const { conversationId, historyFromSeq } = event.data
        const known = this.historyFrom.get(conversationId) ?? 0
        this.historyFrom.set(conversationId, Math.max(known, historyFromSeq))
      }
      if (event.type === 'INBOX_ENTRY_CHANGED' && event.data.joinedEventSeq !== undefined) {
        this.joining = { event: null }
        void this.join(item, event.data.conversationId, this.joining)
        return null
      }
      if (event.messageSeq !== null && event.messageSeq <= (this.historyFrom.get(event.streamId) ?? 0)) {
        item.isWithheld = true
      }
      if (event.type !== 'UNKNOWN' && (!this.types || this.types.includes(event.type))) return item
    }
  }

  override placeAfter(item: LogItem | null): string | null {
    if (!item) return this.firstPlace
    if (!this.endsOnLeaving) return item.resume ? item.resume.shared + item.resume.own : null
    return item.event ? placeOf(item.event.seq, item.event.mark) : placeOf(item.lost.headEventSeq, item.lost.headMark)
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.forgetSession()
    this.forgetRole?.()
    this.cursor.end()
    this.onMore?.()
  }

  private note({ conversationId, joinedEventSeq, historyFromSeq }: Membership): void {
    this.joinedAt.set(conversationId, joinedEventSeq)
    if (historyFromSeq > 0) this.historyFrom.set(conversationId, historyFromSeq)
    else this.historyFrom.delete(conversationId)
  }

  private leave({ streamId, seq, data }: LogEventOf<'MEMBER_LEFT'>): void {
    // An event from before the viewer came back does not count.
    if (data.userId !== this.viewer.userId || seq <= (this.joinedAt.get(streamId) ?? 0)) return
    if (this.endsOnLeaving) this.end()
    else this.cursor.unfollow(streamId)
  }

  private takeJoining({ event, error }: { event: LogItem | null; error?: Error }): LogItem | null {
    if (error) {
      this.end()
      throw error
    }
    if (event) this.joining = null
    return event
  }

  private async join(
    item: LogItem,
    conversationId: string,
    joining: { event: LogItem | null; error?: Error },
  ): Promise<void> {
    try {
      await within(joinTimeoutMs, this.followJoined(conversationId), notJoined)
      joining.event = item
    } catch (error) {
      // The reader comes back with its cursor, which is before this event.
      joining.error = error instanceof Error ? error : new Error(String(error))
    }
    this.onMore?.()
  }

  private async followJoined(conversationId: string): Promise<void> {
    // The event may be old, and the viewer may have left since: only a present member gets anything.
    const membership = await this.membershipOf(this.viewer, conversationId)
    if (!membership) return
    this.note(membership)
    const { joinedEventSeq } = membership
    await this.cursor.follow([{ streamId: conversationId, afterSeq: joinedEventSeq }])
  }
}
