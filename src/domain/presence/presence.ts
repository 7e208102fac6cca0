import DataLoader from 'dataloader'
import { timeMs } from '../../clock.ts'
import type { Change, PresenceState, PresenceStates, Status } from '../../ephemeral/presence.ts'
import { oncePerTurn } from '../../flow/turn.ts'
import type { PeopleStore } from '../../store/people.ts'
import type { PersonPair, PresenceStore, Relation } from '../../store/presence.ts'
import type { User } from '../../store/rows.ts'
import { limited } from '../../telemetry/facts.ts'
import type { Devices } from './devices.ts'
import { NotFoundError, QueryTooComplexError, ValidationError } from '../errors.ts'
import { PresenceFeed } from './feed.ts'
import { isForSome, isHidden, isShownTo, nothing, shown, type Seen, type Sight } from './view.ts'
import type { PresenceWatch } from './watch.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Device, Viewer } from '../viewer.ts'

export interface Presence {
  /** What each viewer may see of the person. One round trip to Redis and one statement for all calls of a turn. */
  see(sights: readonly Sight[]): Promise<Seen[]>
  /** Keeps a device alive, or removes it if the status is OFFLINE. Returns the viewer's own presence afterwards. */
  heartbeat(viewer: Viewer, device: Device, status: Status): Promise<Seen>
  /**
   * The presence of each person first, and then every change. Rejects with VALIDATION_ERROR for no ids or too many, and
   * with NOT_FOUND if no such person exists.
   */
  events(viewer: Viewer, userIds: readonly string[]): Promise<PresenceFeed>
  /** Null leaves a setting as it is. Others see the difference at once. */
  updateSharing(viewer: Viewer, settings: SharingSettings): Promise<void>
  /** The viewer was active: their devices are in use. */
  used(viewer: Viewer): void
  sessionEnded(userId: string, sessionId: string): void
  /** The relations of these people to others have begun or ended. */
  relationsChanged(userIds: readonly string[]): void
  erased(userId: string): void
}

export interface SharingSettings {
  presenceSharing: User['presenceSharing'] | null
  invisible: boolean | null
}

export interface PresenceOptions {
  states: PresenceStates
  devices: Devices
  store: PresenceStore
  people: Pick<PeopleStore, 'byIds'>
  presenceWatch: PresenceWatch
  watch: SessionWatch
}

/** Most people that one subscription may follow. */
export const maxFollowed = 1_000
/** The same of all subscriptions of one person in this process, each person as often as they are followed. */
const maxFollowedByPerson = 5_000
const maxPairs = 5_000

export function createPresence(options: PresenceOptions): Presence {
  const { states, devices, store, people, presenceWatch, watch } = options

  // Reads of one turn are batched, whoever asks and however deep in an operation.
  const stateOf = new DataLoader<string, PresenceState | null>(
    // If Redis cannot be reached, nothing is known of anybody.
    (userIds) => states.read(userIds).catch(() => userIds.map(() => null)),
    { cache: false, maxBatchSize: maxFollowed, batchScheduleFn: oncePerTurn },
  )
  const relationOf = new DataLoader<PersonPair, Relation>((pairs) => store.relations(pairs), {
    cache: false,
    maxBatchSize: maxPairs,
    batchScheduleFn: oncePerTurn,
  })

  const see = async (sight: Sight): Promise<Seen> => {
    const seen = shown(sight, isHidden(sight) ? null : await stateOf.load(sight.user.id))
    if (!isForSome(sight, seen)) return seen
    const relation = await relationOf.load({ viewerId: sight.viewerId, userId: sight.user.id })
    return isShownTo(sight.user, relation) ? seen : nothing
  }

  const personOf = async (userId: string): Promise<User> => {
    const [user] = await people.byIds([userId])
    if (!user) throw new NotFoundError('There is no such person here.')
    return user
  }

  const tell = (change: Change) => void devices.tell([change])

  return {
    see: (sights) => Promise.all(sights.map(see)),

    async heartbeat(viewer, { id: deviceId, kind }, status) {
      const { userId, sessionId } = viewer
      const idleMs = status === 'ONLINE' ? 0 : null
      await devices.tell([
        status === 'OFFLINE'
          ? { type: 'LEFT', userId, deviceId }
          : { type: 'SIGN', userId, sessionId, deviceId, kind, idleMs, says: status },
      ])
      return see({ viewerId: userId, user: await personOf(userId) })
    },

    async events(viewer, userIds) {
      const wanted = [...new Set(userIds)]
      if (wanted.length === 0 || wanted.length > maxFollowed) {
        const message = `Name 1 to ${String(maxFollowed)} people.`
        throw new ValidationError(message, [{ path: ['userIds'], reason: message }])
      }
      const found = await people.byIds(wanted)
      if (found.length < wanted.length) throw new NotFoundError('At least one of userIds is nobody here.')
      const followed = presenceWatch.followedBy(viewer.userId) + wanted.length
      if (followed > maxFollowedByPerson) {
        if (limited.hasSubscribers)
          limited.publish({ code: 'QUERY_TOO_COMPLEX', limit: 'people-followed', payer: viewer.userId })
        throw new QueryTooComplexError(
          `All your subscriptions together may follow ${String(maxFollowedByPerson)} people. Complete one first.`,
        )
      }
      const feed = new PresenceFeed(viewer, wanted, watch, (ended) => {
        presenceWatch.remove(ended)
      })
      presenceWatch.add(feed)
      return feed
    },

    async updateSharing({ userId }, { presenceSharing, invisible }) {
      if (presenceSharing === null && invisible === null) return
      const state = invisible === null ? null : await stateOf.load(userId)
      const isHere = state !== null && state.status !== 'OFFLINE'
      const leftAtMs = isHere ? timeMs() : (state?.lastSeenAtMs ?? null)
      // Times at which they were online while invisible stay secret, and must not be written from now on either.
      if (invisible === false && !isHere) await devices.tell([{ type: 'FORGET', userId }])
      await store.setSharing(userId, { presenceSharing, invisible }, leftAtMs === null ? null : new Date(leftAtMs))
      presenceWatch.changed([userId])
    },

    used: (viewer) => {
      devices.used(viewer)
    },
    sessionEnded: (userId, sessionId) => {
      tell({ type: 'SESSION_ENDED', userId, sessionId })
    },
    relationsChanged: (userIds) => {
      presenceWatch.relationsChanged(userIds)
    },
    erased: (userId) => {
      tell({ type: 'FORGET', userId })
      presenceWatch.changed([userId])
    },
  }
}
