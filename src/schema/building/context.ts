import type { Domain } from '../../domain/domain.ts'
import { UnauthenticatedError } from '../../domain/errors.ts'
import type { Loaders } from '../../domain/loaders.ts'
import type { LiveConnection, Viewer } from '../../domain/viewer.ts'
import type { PrismaClient } from '../../store/generated/prisma/client.ts'

/** What resolvers get: one for each operation. */
export interface Context {
  viewer: Viewer | null
  /** Why there is no viewer although a token was sent. */
  authFailure: UnauthenticatedError | null
  /** Whom the work is charged to (fairness/): the viewer's id, or `address:…` without one. */
  payer: string
  domain: Domain
  /** Of this request; each event of a subscription has others, since it may live for hours. */
  loaders: Loaders
  prisma: PrismaClient
  /** The position at which a subscription that was cut continues, whatever its arguments say; its source gave it. */
  goOnFrom: string | null
  client: {
    /** Of the client itself, also behind proxies. */
    ip: string
    /** Where the client finds us, for links that only this client gets: https://chat.example.com/chat */
    baseUrl: string
    refreshCookie: string | null
    /** Null clears it. Does nothing on a WebSocket. */
    setRefreshCookie: (token: string | null, maxAgeSeconds: number) => void
    /** Null over HTTP. */
    connection: LiveConnection | null
  }
  /** Set where a result may be shared between viewers (event-results.ts): notes what was asked, and answers. */
  isViewer?: (userId: string) => boolean
  isViewerAmong?: (userIds: ReadonlySet<string>) => boolean
}

export function requireViewer(context: Context): Viewer {
  if (context.viewer) return context.viewer
  throw (
    context.authFailure ??
    new UnauthenticatedError('Log in first, and send the access token as "authorization: Bearer <accessToken>".')
  )
}

/**
 * Whether the viewer is this person. A field that asks only this of the viewer, and not who they are, is computed once
 * for all who get the same answer when an event is delivered to many.
 */
export function isViewer(context: Context, userId: string): boolean {
  return context.isViewer ? context.isViewer(userId) : requireViewer(context).userId === userId
}

/** The same for a question that divides all viewers into two: those who are one of these people, and the others. */
export function isViewerAmong(context: Context, userIds: ReadonlySet<string>): boolean {
  return context.isViewerAmong ? context.isViewerAmong(userIds) : userIds.has(requireViewer(context).userId)
}
