import type { PresenceState } from '../../ephemeral/presence.ts'
import type { PresenceFeed } from './feed.ts'

export interface WatchedPerson {
  feeds: Set<PresenceFeed>
  /** The state that was read last. */
  state: PresenceState | null
  /** False: `state` is not known yet. */
  wasRead: boolean
}

/** People whose presence must be read, and for which feeds; null: for all. */
export type Dirty = Map<string, Set<PresenceFeed> | null>

/** The people whom subscribers in this process follow, and which of them must be read. */
export class Watched {
  private readonly people = new Map<string, WatchedPerson>()
  private readonly feedsByViewer = new Map<string, Set<PresenceFeed>>()
  private readonly dirty: Dirty = new Map()

  add(feed: PresenceFeed): void {
    const { userId } = feed.viewer
    this.feedsByViewer.set(userId, (this.feedsByViewer.get(userId) ?? new Set()).add(feed))
    for (const watchedId of feed.userIds) {
      const person = this.people.get(watchedId)
      if (person) person.feeds.add(feed)
      else this.people.set(watchedId, { feeds: new Set([feed]), state: null, wasRead: false })
    }
  }

  remove(feed: PresenceFeed): void {
    const { userId } = feed.viewer
    const own = this.feedsByViewer.get(userId)
    own?.delete(feed)
    if (own?.size === 0) this.feedsByViewer.delete(userId)
    for (const watchedId of feed.userIds) {
      const person = this.people.get(watchedId)
      person?.feeds.delete(feed)
      if (person?.feeds.size === 0) this.people.delete(watchedId)
    }
  }

  get(userId: string): WatchedPerson | undefined {
    return this.people.get(userId)
  }

  /** The feeds of one viewer. */
  feedsOf(viewerId: string): Iterable<PresenceFeed> {
    return this.feedsByViewer.get(viewerId) ?? []
  }

  followedBy(viewerId: string): number {
    let count = 0
    for (const { userIds } of this.feedsOf(viewerId)) count += userIds.length
    return count
  }

  get userIds(): string[] {
    return [...this.people.keys()]
  }

  get feedCount(): number {
    return [...this.feedsByViewer.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** False if there was nothing to mark: nobody follows this person, or they are marked for all feeds. */
  mark(userId: string, feed: PresenceFeed | null): boolean {
    if (!this.people.has(userId)) return false
    const marked = this.dirty.get(userId)
    if (marked === null) return false
    if (feed === null) this.dirty.set(userId, null)
    else if (marked) marked.add(feed)
    else this.dirty.set(userId, new Set([feed]))
    return true
  }

  get isDirty(): boolean {
    return this.dirty.size > 0
  }

  takeDirty(maxSize: number): Dirty {
    const batch: Dirty = new Map([...this.dirty].slice(0, maxSize))
    for (const userId of batch.keys()) this.dirty.delete(userId)
    return batch
  }
}
