import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Bus } from '../../bus/bus.ts'
import { topics } from '../../bus/topics.ts'
import { within } from '../../flow/deadline.ts'
import type { PresenceState, PresenceStates } from '../../ephemeral/presence.ts'
import type { PeopleStore } from '../../store/people.ts'
import type { PresenceStore } from '../../store/presence.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { PresenceFeed } from './feed.ts'
import { graceMs } from './sweep.ts'
import { isForSome, isHidden, isShownTo, nothing, shown, type Seen, type Sight } from './view.ts'

/**
 * Tells the subscribers in this process what they may see of whom. Hints say whom to look at; what is so is read then, for
 * all hints of a few milliseconds together, and a subscriber hears of it when it is not what they were told last.
 */
export interface PresenceWatch {
  /** Looks at all people of the feed for it, and from then on at whoever is hinted at. */
  add(feed: PresenceFeed): void
  remove(feed: PresenceFeed): void
  /** These people may look different now, to whoever looks: tells all processes. */
  changed(userIds: readonly string[]): void
  /** What others see of these people may have changed, and what these see of others. */
  relationsChanged(userIds: readonly string[]): void
  readonly feedCount: number
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
/** People looked at together, and pairs told in one turn, of whom one statement is asked what they share. */
const batchSize = 500
const maxPairs = 5_000
const retryMs = 500
const answerTimeoutMs = 5_000
/** Milliseconds between looks at everybody's state, should a hint have been lost. */
const lookMs = 60_000

/** All hints wait for the answers to those before them. */
const inTime = <Value>(answer: Promise<Value>) => within(answerTimeoutMs, answer, () => new Error('no answer in time'))

interface Watched {
  feeds: Set<PresenceFeed>
  /** As it was read last. */
  state: PresenceState | null
}

interface FeedSight extends Sight {
  feed: PresenceFeed
  seen: Seen
}

/** Whom to look at, and for whom: null is everybody. */
type Dirty = Map<string, Set<PresenceFeed> | null>

const isHere = (state: PresenceState | null) => state !== null && state.status !== 'OFFLINE'

export async function startPresenceWatch(options: PresenceWatchOptions): Promise<PresenceWatch> {
  const { states, store, people, bus, logger } = options
  const watched = new Map<string, Watched>()
  const feedsOf = new Map<string, Set<PresenceFeed>>()
  const dirty: Dirty = new Map()
  let graceUntilMs = 0
  let working = false
  let stopped = false
  let waiting: NodeJS.Timeout | undefined
  let grace: NodeJS.Timeout | undefined

  const mark = (userId: string, feed: PresenceFeed | null) => {
    if (!watched.has(userId)) return
    const marked = dirty.get(userId)
    if (marked === null) return
    if (feed === null) dirty.set(userId, null)
    else if (marked) marked.add(feed)
    else dirty.set(userId, new Set([feed]))
    workSoon(gatherMs)
  }

  const markAll = () => {
    for (const userId of watched.keys()) mark(userId, null)
  }

  const markRelations = (userIds: readonly string[]) => {
    for (const userId of userIds) {
      mark(userId, null)
      for (const feed of feedsOf.get(userId) ?? []) for (const other of feed.userIds) mark(other, feed)
    }
  }

  const workSoon = (delayMs: number) => {
    if (working || stopped) return
    waiting ??= setTimeout(() => {
      waiting = undefined
      void work()
    }, delayMs)
  }

  const work = async () => {
    working = true
    let failed = false
    while (dirty.size > 0 && !failed && !stopped) {
      const batch: Dirty = new Map([...dirty].slice(0, batchSize))
      for (const userId of batch.keys()) dirty.delete(userId)
      try {
        await lookAt(batch)
      } catch (error) {
        failed = true
        logger.debug({ err: error }, 'could not look at presence; will try again')
        for (const [userId, feeds] of batch) for (const feed of feeds ?? [null]) mark(userId, feed)
      }
    }
    working = false
    if (dirty.size > 0) workSoon(failed ? retryMs : gatherMs)
  }

  const stateNow = (entry: Watched, read: PresenceState | null): PresenceState | null => {
    // Redis came back empty, and their devices are about to be told to it again.
    if (read === null && isHere(entry.state) && performance.now() < graceUntilMs) return entry.state
    return (entry.state = read)
  }

  const lookAt = async (batch: Dirty) => {
    const userIds = [...batch.keys()]
    const read = await inTime(states.read(userIds)).catch(() => {
      // One slow answer is no lost connection: nothing else would bring these hints back.
      lost()
      return null
    })
    const found = new Map((await inTime(people.byIds(userIds))).map((user) => [user.id, user]))
    let sights: FeedSight[] = []
    for (const [index, userId] of userIds.entries()) {
      const entry = watched.get(userId)
      const user = found.get(userId)
      if (!entry || !user) continue
      const state = read ? stateNow(entry, read[index] ?? null) : null
      for (const feed of batch.get(userId) ?? entry.feeds) {
        const sight = { viewerId: feed.viewer.userId, user }
        // Without Redis nothing is known: that is told to who has to be told something, and to nobody else.
        if (!read && feed.knows(userId) && !isHidden(sight)) continue
        sights.push({ ...sight, feed, seen: shown(sight, state) })
        if (sights.length < maxPairs) continue
        await tell(sights)
        sights = []
        // A thousand watchers of a thousand people are a million: others have their turn in between.
        await nextTurn()
      }
    }
    await tell(sights)
  }

  const tell = async (sights: readonly FeedSight[]) => {
    const asked = sights.filter((sight) => isForSome(sight, sight.seen))
    const pairs = asked.map(({ viewerId, user }) => ({ viewerId, userId: user.id }))
    const relations = pairs.length > 0 ? await inTime(store.relations(pairs)) : []
    const hidden = new Set(asked.filter(({ user }, index) => !isShownTo(user, relations[index] ?? 'NONE')))
    for (const sight of sights) sight.feed.tell(sight.user, hidden.has(sight) ? nothing : sight.seen)
  }

  /** Hints were lost. */
  const lost = () => {
    graceUntilMs = performance.now() + graceMs
    clearTimeout(grace)
    grace = setTimeout(markAll, graceMs)
  }

  const look = async () => {
    const userIds = [...watched.keys()]
    for (let at = 0; at < userIds.length && !stopped; at += batchSize) {
      const some = userIds.slice(at, at + batchSize)
      const read = await states.read(some)
      for (const [index, userId] of some.entries()) {
        const entry = watched.get(userId)
        if (entry && JSON.stringify(entry.state) !== JSON.stringify(read[index] ?? null)) mark(userId, null)
      }
    }
  }

  const heed = (hint: string[] | { people: string[] }) => {
    if (!Array.isArray(hint)) markRelations(hint.people)
    else for (const userId of hint) mark(userId, null)
  }

  const unsubscribe = await bus.subscribe(topics.presence, (payload) => {
    heed(JSON.parse(payload) as Parameters<typeof heed>[0])
  })
  bus.onBack(lost)
  states.onConnected((isBack) => {
    if (isBack) lost()
  })
  const looking = setInterval(() => {
    look().catch((error: unknown) => {
      logger.debug({ err: error }, 'could not look at the presence of all who are watched; will try again')
    })
  }, lookMs)

  const hint = (what: Parameters<typeof heed>[0]) => {
    heed(what)
    if (!bus.isShared) return
    bus.publish(topics.presence, JSON.stringify(what)).catch((error: unknown) => {
      logger.debug({ err: error }, 'a change of presence was not announced; it will be seen when Redis is back')
    })
  }

  return {
    add(feed) {
      const { userId } = feed.viewer
      feedsOf.set(userId, (feedsOf.get(userId) ?? new Set()).add(feed))
      for (const watchedId of feed.userIds) {
        const entry = watched.get(watchedId)
        if (entry) entry.feeds.add(feed)
        else watched.set(watchedId, { feeds: new Set([feed]), state: null })
        mark(watchedId, feed)
      }
    },
    remove(feed) {
      const { userId } = feed.viewer
      const own = feedsOf.get(userId)
      own?.delete(feed)
      if (own?.size === 0) feedsOf.delete(userId)
      for (const watchedId of feed.userIds) {
        const entry = watched.get(watchedId)
        entry?.feeds.delete(feed)
        if (entry?.feeds.size === 0) watched.delete(watchedId)
      }
    },
    changed: (userIds) => {
      hint([...userIds])
    },
    relationsChanged: (userIds) => {
      hint({ people: [...userIds] })
    },
    get feedCount() {
      return [...feedsOf.values()].reduce((sum, { size }) => sum + size, 0)
    },
    stop() {
      stopped = true
      clearTimeout(waiting)
      clearTimeout(grace)
      clearInterval(looking)
      unsubscribe()
    },
  }
}
