import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Bus } from '../../bus/bus.ts'
import { topics } from '../../bus/topics.ts'
import { within } from '../../flow/deadline.ts'
import type { PresenceState, PresenceStates } from '../../ephemeral/presence.ts'
import type { PeopleStore } from '../../store/people.ts'
import type { PresenceStore } from '../../store/presence.ts'
import { presenceChanged } from '../../telemetry/facts.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { PresenceFeed } from './feed.ts'
import { graceMs } from './sweep.ts'
import { isForSome, isHidden, isShownTo, nothing, shown, type Seen, type Sight } from './view.ts'
import { Watched, type Dirty, type WatchedPerson } from './watched.ts'

/**
 * Sends presence changes to the subscribers in this process. A hint says whose presence may have changed. Their presence is
 * then read, for all hints of a few milliseconds together, and sent to each subscriber who was sent something else last.
 */
export interface PresenceWatch {
  /** Reads the presence of all people of the feed, and afterwards of those that hints name. */
  add(feed: PresenceFeed): void
  remove(feed: PresenceFeed): void
  /** The presence of these people may have changed for any viewer. Sends a hint to all processes. */
  changed(userIds: readonly string[]): void
  /** What others see of these people may have changed, and what these people see of others. */
  relationsChanged(userIds: readonly string[]): void
  readonly feedCount: number
  /** People whom all subscriptions of this viewer follow, each as often as they are followed. */
  followedBy(viewerId: string): number
  stop(): void
}

export interface PresenceWatchOptions {
  states: PresenceStates
  store: PresenceStore
  people: Pick<PeopleStore, 'byIds'>
  bus: Bus
  logger: Logger
}

/** Milliseconds over which hints are gathered. */
const gatherMs = 5
/** Most people read together; most pairs of viewer and person checked by one statement. */
const batchSize = 500
const maxPairs = 5_000
const retryMs = 500
const answerTimeoutMs = 5_000
/** Milliseconds between two reads of all watched people's states, in case a hint was lost. */
const lookMs = 60_000

/** All later hints wait for this answer, so it has a deadline. */
const inTime = <Value>(answer: Promise<Value>) => within(answerTimeoutMs, answer, () => new Error('no answer in time'))

/** People whose presence changed, or whose relations to others changed. */
type Hint = string[] | { people: string[] }

interface FeedSight extends Sight {
  feed: PresenceFeed
  seen: Seen
}

const isHere = (state: PresenceState | null) => state !== null && state.status !== 'OFFLINE'

/** Rejects if the subscription to the bus fails. */
export async function startPresenceWatch(options: PresenceWatchOptions): Promise<PresenceWatch> {
  const watch = new Watch(options)
  await watch.start()
  return watch
}

class Watch implements PresenceWatch {
  private readonly watched = new Watched()
  private graceUntilMs = 0
  private working = false
  private stopped = false
  private waiting: NodeJS.Timeout | undefined
  private grace: NodeJS.Timeout | undefined
  private looking: NodeJS.Timeout | undefined
  private unsubscribe: () => void = () => undefined

  constructor(private readonly options: PresenceWatchOptions) {}

  async start(): Promise<void> {
    const { bus, states, logger } = this.options
    this.unsubscribe = await bus.subscribe(topics.presence, (payload) => {
      this.apply(JSON.parse(payload) as Hint)
    })
    bus.onBack(this.onHintsLost)
    states.onConnected((isBack) => {
      if (isBack) this.onHintsLost()
    })
    this.looking = setInterval(() => {
      this.compareAll().catch((error: unknown) => {
        logger.debug({ err: error }, 'could not read the presence of all watched people; will try again')
      })
    }, lookMs)
  }

  add(feed: PresenceFeed): void {
    this.watched.add(feed)
    for (const userId of feed.userIds) this.mark(userId, feed)
  }

  remove(feed: PresenceFeed): void {
    this.watched.remove(feed)
  }

  changed(userIds: readonly string[]): void {
    this.hint([...userIds])
  }

  relationsChanged(userIds: readonly string[]): void {
    this.hint({ people: [...userIds] })
  }

  get feedCount(): number {
    return this.watched.feedCount
  }

  followedBy(viewerId: string): number {
    return this.watched.followedBy(viewerId)
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.waiting)
    clearTimeout(this.grace)
    clearInterval(this.looking)
    this.unsubscribe()
  }

  private hint(hint: Hint): void {
    const { bus, logger } = this.options
    this.apply(hint)
    if (!bus.isShared) return
    bus.publish(topics.presence, JSON.stringify(hint)).catch((error: unknown) => {
      logger.debug({ err: error }, 'could not announce a change of presence; others see it when Redis is back')
    })
  }

  private apply(hint: Hint): void {
    if (Array.isArray(hint)) {
      for (const userId of hint) this.mark(userId, null)
      return
    }
    for (const userId of hint.people) {
      this.mark(userId, null)
      for (const feed of this.watched.feedsOf(userId)) for (const other of feed.userIds) this.mark(other, feed)
    }
  }

  private mark(userId: string, feed: PresenceFeed | null): void {
    if (this.watched.mark(userId, feed)) this.workSoon(gatherMs)
  }

  private workSoon(delayMs: number): void {
    if (this.working || this.stopped) return
    this.waiting ??= setTimeout(() => {
      this.waiting = undefined
      void this.work()
    }, delayMs)
  }

  private async work(): Promise<void> {
    this.working = true
    let failed = false
    while (this.watched.isDirty && !failed && !this.stopped) {
      const batch = this.watched.takeDirty(batchSize)
      try {
        await this.lookAt(batch)
      } catch (error) {
        failed = true
        this.options.logger.debug({ err: error }, 'could not read presence; will try again')
        for (const [userId, feeds] of batch) for (const feed of feeds ?? [null]) this.mark(userId, feed)
      }
    }
    this.working = false
    if (this.watched.isDirty) this.workSoon(failed ? retryMs : gatherMs)
  }

  private async lookAt(batch: Dirty): Promise<void> {
    const { states, people } = this.options
    const userIds = [...batch.keys()]
    const read = await inTime(states.read(userIds)).catch(() => {
      // After one slow answer the connection may still be fine, so only this brings the hints back.
      this.onHintsLost()
      return null
    })
    const found = new Map((await inTime(people.byIds(userIds))).map((user) => [user.id, user]))
    let sights: FeedSight[] = []
    for (const [index, userId] of userIds.entries()) {
      const person = this.watched.get(userId)
      const user = found.get(userId)
      if (!person || !user) continue
      const state = read ? this.stateNow(userId, person, read[index] ?? null) : null
      for (const feed of batch.get(userId) ?? person.feeds) {
        const sight = { viewerId: feed.viewer.userId, user }
        // Without Redis nothing is known. Only feeds that have sent nothing about this person yet, or must hide it, get
        // that.
        if (!read && feed.knows(userId) && !isHidden(sight)) continue
        sights.push({ ...sight, feed, seen: shown(sight, state) })
        if (sights.length < maxPairs) continue
        await this.tell(sights)
        sights = []
        // A thousand watchers of a thousand people are a million pairs: let other work run in between.
        await nextTurn()
      }
    }
    await this.tell(sights)
  }

  private stateNow(userId: string, person: WatchedPerson, read: PresenceState | null): PresenceState | null {
    // Redis came back empty. The person's devices are about to be reported again.
    if (read === null && isHere(person.state) && performance.now() < this.graceUntilMs) return person.state
    if (presenceChanged.hasSubscribers && person.wasRead) {
      const status = read?.status ?? 'OFFLINE'
      if (status !== (person.state?.status ?? 'OFFLINE')) presenceChanged.publish({ userId, status })
    }
    person.wasRead = true
    return (person.state = read)
  }

  private async tell(sights: readonly FeedSight[]): Promise<void> {
    const asked = sights.filter((sight) => isForSome(sight, sight.seen))
    const pairs = asked.map(({ viewerId, user }) => ({ viewerId, userId: user.id }))
    const relations = pairs.length > 0 ? await inTime(this.options.store.relations(pairs)) : []
    const hidden = new Set(asked.filter(({ user }, index) => !isShownTo(user, relations[index] ?? 'NONE')))
    for (const sight of sights) sight.feed.tell(sight.user, hidden.has(sight) ? nothing : sight.seen)
  }

  private readonly onHintsLost = (): void => {
    this.graceUntilMs = performance.now() + graceMs
    clearTimeout(this.grace)
    this.grace = setTimeout(() => {
      for (const userId of this.watched.userIds) this.mark(userId, null)
    }, graceMs)
  }

  /** Marks people whose state differs from the one read last. */
  private async compareAll(): Promise<void> {
    const { userIds } = this.watched
    for (let at = 0; at < userIds.length && !this.stopped; at += batchSize) {
      const some = userIds.slice(at, at + batchSize)
      const read = await this.options.states.read(some)
      for (const [index, userId] of some.entries()) {
        const person = this.watched.get(userId)
        if (person && JSON.stringify(person.state) !== JSON.stringify(read[index] ?? null)) this.mark(userId, null)
      }
    }
  }
}
