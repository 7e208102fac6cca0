import type { Append } from '../../log/append.ts'
import type { Ban, BanPlace, BanStore } from '../../store/bans.ts'
import type { ForbiddenError, NotFoundError, ValidationError } from '../errors.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import type { Presence } from '../presence/presence.ts'
import type { Viewer } from '../viewer.ts'

/** Most people whom one group may ban. */
const maxBans = 10_000

/** Who may not be added to a group. Rejects with UNAVAILABLE when the database does not answer in time; repeating does no harm. */
export interface Bans {
  set(
    viewer: Viewer,
    conversationId: string,
    userId: string,
    banned: boolean,
  ): Promise<string | NotFoundError | ForbiddenError | ValidationError>
  /** Null for who is not the owner or an admin of the group. */
  list(viewer: Viewer, conversationId: string, after: BanPlace | null, limit: number): Promise<Ban[] | null>
}

export function createBans(append: Append, store: BanStore, presence: Pick<Presence, 'relationsChanged'>): Bans {
  return {
    async set({ userId: actorId }, conversationId, userId, banned) {
      const set = await append({ type: 'banMember', actorId, conversationId, userId, banned, maxBans })
      if (isRefused(set)) {
        return refusalOf(set, {
          notFound: 'There is no such conversation here.',
          forbidden:
            'Only the owner and admins of a group may ban somebody; an admin is banned by the owner alone, and nobody by themselves.',
        })
      }
      if (banned && set.events.length > 0) presence.relationsChanged([userId])
      return conversationId
    },
    list: (viewer, conversationId, after, limit) => store.list(viewer.userId, conversationId, after, limit),
  }
}
