import { Source } from '../../flow/source.ts'
import type { User } from '../../store/rows.ts'
import { isSame, type Seen } from './view.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Viewer } from '../viewer.ts'

export interface PresenceItem {
  user: User
  presence: Seen
}

/**
 * The presence events of one subscriber. Not a history: it holds the newest state of each person that was not taken yet,
 * and nothing if that equals the state taken last. So a slow reader costs one entry for each person. Ends with the session.
 */
export class PresenceFeed extends Source<PresenceItem> {
  private readonly taken = new Map<string, Seen>()
  private readonly waiting = new Map<string, PresenceItem>()
  private readonly forgetSession: () => void
  private isOver = false

  constructor(
    readonly viewer: Viewer,
    readonly userIds: readonly string[],
    watch: Pick<SessionWatch, 'onEnded'>,
    private readonly onEnd: (feed: PresenceFeed) => void,
  ) {
    super()
    this.forgetSession = watch.onEnded(viewer.sessionId, () => {
      this.end()
    })
  }

  get ended(): boolean {
    return this.isOver
  }

  /** Whether the subscriber has or will get anything about this person. */
  knows(userId: string): boolean {
    return this.taken.has(userId) || this.waiting.has(userId)
  }

  tell(user: User, presence: Seen): void {
    if (this.isOver) return
    if (isSame(this.taken.get(user.id), presence)) {
      this.waiting.delete(user.id)
      return
    }
    this.waiting.set(user.id, { user, presence })
    this.onMore?.()
  }

  take(): PresenceItem | null {
    for (const [userId, item] of this.waiting) {
      this.waiting.delete(userId)
      this.taken.set(userId, item.presence)
      return item
    }
    return null
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.waiting.clear()
    this.forgetSession()
    this.onEnd(this)
    this.onMore?.()
  }
}
