import type { IdentityStore } from '../../store/identities.ts'
import { ForbiddenError, UnauthenticatedError } from '../errors.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { LiveConnection, Viewer } from '../viewer.ts'
import type { Authenticate } from './authentication.ts'
import type { TokenClient } from './outside-sessions.ts'

/**
 * A connection goes on with a newer token of the same person; its subscriptions notice nothing. Answers when it ends without one
 * that is newer still; null: with its session. Rejects with UNAUTHENTICATED for a token that is not valid.
 */
export type RenewToken = (
  viewer: Viewer,
  token: string,
  client: TokenClient & { connection: LiveConnection | null },
) => Promise<{ endsAt: Date | null } | ForbiddenError>

export interface RenewalOptions {
  authenticate: Authenticate
  store: Pick<IdentityStore, 'prolong'>
  watch: Pick<SessionWatch, 'check' | 'onEnded' | 'endHere'>
}

export function createRenewToken({ authenticate, store, watch }: RenewalOptions): RenewToken {
  return async (viewer, token, client) => {
    const { userId, sessionId } = await authenticate(token, client)
    if (userId !== viewer.userId)
      return new ForbiddenError('This is a token of another person: open another connection for them.')
    const session = await watch.check(sessionId)
    if (!session) throw new UnauthenticatedError('This session has ended. Sign in again.')
    if (session.endsAt === null || sessionId === viewer.sessionId) return { endsAt: session.endsAt }
    // The issuer names each token by itself: the connection stays with the session it began with, and ends with either.
    await store.prolong(viewer.sessionId, sessionId)
    const { connection } = client
    if (connection) {
      const forget = watch.onEnded(sessionId, (how) => {
        if (how === 'REVOKED') watch.endHere(viewer.sessionId)
      })
      connection.onDisconnected(forget)
    }
    return { endsAt: session.endsAt }
  }
}
