import type { Cursor, LogItem, LostPlace } from '../log/cursor.ts'
import type { LogEvent } from '../store/rows.ts'
import type { Membership } from '../store/conversations.ts'
import type { SessionWatch } from './session-watch.ts'
import type { Viewer } from './viewer.ts'

export interface FeedOptions {
  /** The feed of one conversation is over when the viewer is no longer in it; that of an inbox goes on without it. */
  endsOnLeaving: boolean
  /** Told first: places that the viewer's cursors no longer lead to. */
  lost?: LostPlace[]
}

/**
 * What one viewer gets to see of the streams they are in: a cursor that follows their joins, and stops at the very event
 * with which they leave. Ends with the session. An iterator whose return() settles at once, also while next() waits:
 * graphql-ws cannot clean up an async generator that waits.
 */
export class Feed implements AsyncIterableIterator<LogItem> {
  /** Per conversation the place of the (last) joining: to leave it takes a MEMBER_LEFT after that. */
  private readonly joinedAt = new Map<string, number>()
  private lost: LostPlace[] = []
  private endsOnLeaving = false
  private ended = false
  private readonly forgetSession: () => void

  constructor(
    private readonly viewer: Viewer,
    private readonly cursor: Cursor,
    watch: SessionWatch,
    private readonly membershipOf: (conversationId: string) => Promise<Membership | null>,
  ) {
    this.forgetSession = watch.onEnded(viewer.sessionId, () => {
      this.end()
    })
  }

  async start(
    starts: readonly { streamId: string; afterSeq: number; lost?: LostPlace }[],
    memberships: readonly Membership[],
    { endsOnLeaving, lost = [] }: FeedOptions,
  ): Promise<void> {
    this.endsOnLeaving = endsOnLeaving
    this.lost = [...lost]
    for (const { conversationId, joinedEventSeq } of memberships) this.joinedAt.set(conversationId, joinedEventSeq)
    try {
      await this.cursor.follow(starts)
    } catch (error) {
      this.end()
      throw error
    }
  }

  async next(): Promise<IteratorResult<LogItem, undefined>> {
    if (this.ended) return { done: true, value: undefined }
    const lost = this.lost.shift()
    if (lost) return { done: false, value: { lost } }
    const item = await this.cursor.next()
    if (!item) {
      this.end()
      return { done: true, value: undefined }
    }
    if (item.event) await this.follow(item.event)
    return { done: false, value: item }
  }

  return(): Promise<IteratorResult<LogItem, undefined>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private async follow(event: LogEvent): Promise<void> {
    const { data } = event
    if (event.type === 'MEMBER_LEFT' && data?.userId === this.viewer.userId) {
      // One from before the viewer came back is history.
      if (event.seq <= (this.joinedAt.get(event.streamId) ?? 0)) return
      if (this.endsOnLeaving) this.end()
      else this.cursor.unfollow(event.streamId)
    }
    if (event.type === 'INBOX_ENTRY_CHANGED' && data?.conversationId && data.joinedEventSeq !== undefined) {
      // The event may be an old one, and the viewer gone again since: only who is a member now gets anything.
      const membership = await this.membershipOf(data.conversationId)
      if (!membership) return
      const { conversationId, joinedEventSeq } = membership
      this.joinedAt.set(conversationId, joinedEventSeq)
      await this.cursor.follow([{ streamId: conversationId, afterSeq: joinedEventSeq }])
    }
  }

  private end(): void {
    this.ended = true
    this.forgetSession()
    this.cursor.close()
  }
}
