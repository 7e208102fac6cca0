import type { Append } from '../../log/append.ts'
import type { BlockedPerson, BlockPlace, BlockStore } from '../../store/blocks.ts'
import { ValidationError, type NotFoundError } from '../errors.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import type { Presence } from '../presence/presence.ts'
import type { Viewer } from '../viewer.ts'

/** Most people whom one person may have blocked. */
const maxBlocks = 10_000

/**
 * Who has blocked whom. What the database refuses because of it (messages, additions to groups) is in prisma/functions; who
 * sees whose presence is in store/presence.ts, and whose typing in domain/typing.
 */
export interface Blocks {
  /** Repeating it changes nothing. Rejects with UNAVAILABLE when the database does not answer in time. */
  set(viewer: Viewer, userId: string, blocked: boolean): Promise<undefined | NotFoundError | ValidationError>
  /** Whom the viewer has blocked, the newest block first. */
  list(viewerId: string, after: BlockPlace | null, limit: number): Promise<BlockedPerson[]>
}

export function createBlocks(
  append: Append,
  store: Pick<BlockStore, 'blockedBy'>,
  presence: Pick<Presence, 'relationsChanged'>,
): Blocks {
  return {
    async set({ userId: actorId }, userId, blocked) {
      if (userId === actorId) {
        const reason = 'Nobody can block themselves.'
        return new ValidationError(reason, [{ path: ['input', 'userId'], reason }])
      }
      const set = await append({ type: 'blockUser', actorId, userId, blocked, maxBlocks })
      if (isRefused(set)) return refusalOf(set, { notFound: 'There is no such person here.' })
      if (set.events.length > 0) presence.relationsChanged([actorId, userId])
      return undefined
    },
    list: (viewerId, after, limit) => store.blockedBy(viewerId, after, limit),
  }
}
