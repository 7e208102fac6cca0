import { UnauthenticatedError } from '../domain/errors.ts'
import type { Viewer } from '../domain/viewer.ts'
import { decodeGlobalId } from '../schema/building/ids.ts'
import type { ContextInit } from './context.ts'

/** Stands in GraphiQL's header tabs until a person pastes a token; counts as no token, so that the schema can load. */
export const placeholderToken = 'PASTE_ACCESS_TOKEN'

const bearer = /^bearer +([\w.~+/-]+=*)$/i

/**
 * The token of an authorization header; null when there is none. Whether it is valid is for the domain to say. Throws
 * UNAUTHENTICATED for a header of another form.
 */
export function bearerToken(authorization: string | null): string | null {
  const value = authorization?.trim()
  if (value === undefined || value === '') return null
  const token = bearer.exec(value)?.[1]
  if (token === undefined) {
    throw new UnauthenticatedError(
      'The authorization must read "Bearer <access token>". Log in to get an access token.',
    )
  }
  return token === placeholderToken ? null : token
}

/** The uuid of who is named; an empty text, which is nobody's, for what is no id of a person. */
function actAsOf(given: string | null | undefined): string | null {
  if (given === null || given === undefined || given === '') return null
  const decoded = decodeGlobalId(given)
  return decoded?.type === 'User' ? decoded.id : ''
}

export interface Authentication {
  viewer: Viewer | null
  /** Why there is no viewer although a token was sent. */
  authFailure: UnauthenticatedError | null
}

/**
 * A token that is missing, wrong or expired makes the request one without a viewer: it may be there to log in or to
 * refresh. What needs a viewer says then what was wrong with it. A WebSocket is checked once, when it opens, and rejected
 * with UNAUTHENTICATED.
 */
export async function authenticate(
  verify: (
    accessToken: string,
    client: { ip: string; userAgent: string | null; actAs: string | null },
  ) => Promise<Viewer>,
  init: Pick<ContextInit, 'viewer' | 'authorization' | 'isWebSocket' | 'userAgent' | 'clientIp' | 'actAs'>,
): Promise<Authentication> {
  if (init.viewer !== undefined) return { viewer: init.viewer, authFailure: null }
  try {
    const token = bearerToken(init.authorization)
    return {
      viewer:
        token === null
          ? null
          : await verify(token, { ip: init.clientIp, userAgent: init.userAgent, actAs: actAsOf(init.actAs) }),
      authFailure: null,
    }
  } catch (error) {
    if (error instanceof UnauthenticatedError && !init.isWebSocket) return { viewer: null, authFailure: error }
    throw error
  }
}
