import { apiKeyPrefix, type ApiKeys } from '../api-keys/api-keys.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { ForbiddenError, UnauthenticatedError } from '../errors.ts'
import type { Viewer } from '../viewer.ts'
import type { OutsideSessions, TokenClient } from './outside-sessions.ts'
import { isFromOutside } from './outside-tokens.ts'

/**
 * Who sends an access token, whoever made it. Rejects with UNAUTHENTICATED, and the reason says what to do; with UNAVAILABLE when
 * that cannot be found out now.
 */
export type Authenticate = (accessToken: string, client: TokenClient) => Promise<Viewer>

export interface AuthenticationOptions {
  apiKeys: Pick<ApiKeys, 'viewerOf'>
  /** Those who registered here; null: nobody can. */
  builtin: Pick<Sessions, 'authenticate'> | null
  /** Those of the embedding product; null: its tokens are not taken. */
  outside: OutsideSessions | null
}

export function createAuthenticate({ apiKeys, builtin, outside }: AuthenticationOptions): Authenticate {
  return async (accessToken, client) => {
    if (accessToken.startsWith(apiKeyPrefix)) return apiKeys.viewerOf(accessToken, client.actAs ?? null)
    if (outside && (!builtin || isFromOutside(accessToken))) {
      const { userId, sessionId, role } = await outside.sessionOf(accessToken, client)
      return { userId, sessionId, role }
    }
    if (!builtin) throw new UnauthenticatedError('No access tokens are taken here.')
    return builtin.authenticate(accessToken)
  }
}

/** Refuses what only accounts of Parley's own have, where everybody comes from the embedding product. */
export function withoutAccounts(sessions: Sessions): Sessions {
  const refuse = () =>
    Promise.reject(
      new ForbiddenError(
        'This server has no accounts of its own: sign in where you came from, and send the token of there.',
      ),
    )
  return {
    register: refuse,
    login: refuse,
    acceptInvitation: refuse,
    refresh: refuse,
    changePassword: refuse,
    authenticate: refuse,
    logout: (viewer) => sessions.logout(viewer),
    list: (viewer) => sessions.list(viewer),
    revoke: (viewer, sessionId) => sessions.revoke(viewer, sessionId),
    used: (viewer) => {
      sessions.used(viewer)
    },
    forgetOver: (isStopping) => sessions.forgetOver(isStopping),
  }
}
