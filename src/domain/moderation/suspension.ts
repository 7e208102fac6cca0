import { timeMs } from '../../clock.ts'
import type { Append } from '../../log/append.ts'
import type { SuspendedPerson, SuspensionPlace, SuspensionStore } from '../../store/suspensions.ts'
import { isStaff } from '../conversations/access.ts'
import { ForbiddenError, NotFoundError, ValidationError } from '../errors.ts'
import { isRefused } from '../outcome.ts'
import type { Presence } from '../presence/presence.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Viewer } from '../viewer.ts'

/**
 * Who may not use this server for a while. Every method rejects with UNAVAILABLE when the database does not answer in time: a
 * repetition then finishes what was begun.
 */
export interface Suspensions {
  /**
   * From the answer on nobody is logged in as them: tokens, sockets and subscriptions have ended here, and in the other processes
   * within a second. What they wrote stays. `until` null: until it is taken back.
   */
  suspend(
    viewer: Viewer,
    userId: string,
    terms: { reason: string | null; until: Date | null },
  ): Promise<undefined | ForbiddenError | NotFoundError | ValidationError>
  unsuspend(viewer: Viewer, userId: string): Promise<undefined | ForbiddenError | NotFoundError>
  of(userId: string): Promise<SuspendedPerson | null>
  /** For staff. The newest suspension first. */
  list(viewer: Viewer, after: SuspensionPlace | null, limit: number): Promise<SuspendedPerson[]>
}

export interface SuspensionsOptions {
  store: SuspensionStore
  append: Append
  watch: Pick<SessionWatch, 'announceEnded'>
  presence: Pick<Presence, 'sessionEnded'>
}

const batchSize = 100
const nobody = () => new NotFoundError('There is no such person here.')
const forAdmins = () => new ForbiddenError('Only an ADMIN of this server may suspend somebody.')

export function createSuspensions({ store, append, watch, presence }: SuspensionsOptions): Suspensions {
  /** Whoever cannot log in is responsible for no conversation with support any more. */
  const unassign = async (actorId: string, userId: string) => {
    for (;;) {
      const ids = await store.assignedTo(userId, batchSize)
      for (const conversationId of ids) {
        const outcome = await append({ type: 'assignSupport', actorId, conversationId, assigneeId: null })
        if (isRefused(outcome)) return
      }
      if (ids.length < batchSize) return
    }
  }

  return {
    async suspend(viewer, userId, { reason, until }) {
      if (viewer.role !== 'ADMIN') return forAdmins()
      if (userId === viewer.userId) {
        const why = 'Nobody can suspend themselves.'
        return new ValidationError(why, [{ path: ['input', 'userId'], reason: why }])
      }
      if (until !== null && until.getTime() <= timeMs()) {
        const why = 'Must be a time to come. Leave it out to suspend them until that is taken back.'
        return new ValidationError(why, [{ path: ['input', 'until'], reason: why }])
      }
      const { outcome, sessionIds } = await store.set({
        actorId: viewer.userId,
        userId,
        suspended: true,
        reason,
        until,
      })
      if (outcome === 'FORBIDDEN') return forAdmins()
      if (outcome === 'NOT_FOUND') return nobody()
      for (const sessionId of sessionIds) {
        watch.announceEnded(sessionId)
        presence.sessionEnded(userId, sessionId)
      }
      await unassign(viewer.userId, userId)
      return undefined
    },

    async unsuspend(viewer, userId) {
      if (viewer.role !== 'ADMIN') return forAdmins()
      const { outcome } = await store.set({
        actorId: viewer.userId,
        userId,
        suspended: false,
        reason: null,
        until: null,
      })
      if (outcome === 'FORBIDDEN') return forAdmins()
      return outcome === 'NOT_FOUND' ? nobody() : undefined
    },

    of: (userId) => store.of(userId),

    async list(viewer, after, limit) {
      if (!isStaff(viewer)) throw new ForbiddenError('Only the staff of this server may see who is suspended.')
      return store.list(after, limit)
    },
  }
}
