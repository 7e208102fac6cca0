import type { Domain } from '../../domain/domain.ts'
import { ForbiddenError, UnauthenticatedError } from '../../domain/errors.ts'
import type { Loaders } from '../../domain/loaders.ts'
import type { LiveConnection, Viewer } from '../../domain/viewer.ts'
import type { PrismaClient } from '../../store/generated/prisma/client.ts'

/** Some people: a set of their ids, or what else knows of an id whether it is one of them. */
export interface Group {
  has(userId: string): boolean
}

/** The context of resolvers: one for each operation. */
export interface Context {
  viewer: Viewer | null
  /** Why there is no viewer although the client sent a token. */
  authFailure: UnauthenticatedError | null
  /** Whom the work is charged to (fairness/): the viewer's id, or `address:…` without one. */
  payer: string
  /** The client's, as `client.ip`: what runs at once is bounded by it too. No answer depends on it. */
  address?: string
  /** What it is known by in answers and logs, and the W3C traceparent that came with it. */
  traceId?: string
  traceparent?: string
  domain: Domain
  /** Loaders of this request. Each event of a subscription has its own, since a subscription may live for hours. */
  loaders: Loaders
  prisma: PrismaClient
  /** The position from which an interrupted subscription continues, whatever its arguments say. Its source provided it. */
  goOnFrom: string | null
  client: {
    /** Address of the client itself, also behind proxies. */
    ip: string
    /** What it calls itself; null on a WebSocket. */
    userAgent: string | null
    /**
     * The URL at which this client reaches the server, for links that only this client gets: https://chat.example.com/chat
     */
    baseUrl: string
    refreshCookie: string | null
    /** Null clears the cookie. Does nothing on a WebSocket. */
    setRefreshCookie: (token: string | null, maxAgeSeconds: number) => void
    /** Null over HTTP. */
    connection: LiveConnection | null
  }
  /** Set where a result may be shared between viewers (event-results.ts): records the question, and answers it. */
  isViewer?: (userId: string) => boolean
  isViewerAmong?: (userIds: Group) => boolean
}

export function requireViewer(context: Context): Viewer {
  if (context.viewer) return context.viewer
  throw (
    context.authFailure ??
    new UnauthenticatedError('Log in first, and send the access token as "authorization: Bearer <accessToken>".')
  )
}

/** Who is no ADMIN is told what only they may do: what follows "may". */
export function requireAdmin(context: Context, doing: string): Viewer {
  const viewer = requireViewer(context)
  if (viewer.role !== 'ADMIN') throw new ForbiddenError(`Only an ADMIN of this server may ${doing}.`)
  return viewer
}

/**
 * Whether the viewer is this person. When an event is delivered to many, a field that asks only this, and not who the
 * viewer is, is computed once for all viewers with the same answer.
 */
export function isViewer(context: Context, userId: string): boolean {
  return context.isViewer ? context.isViewer(userId) : requireViewer(context).userId === userId
}

/** The same for a question that divides viewers into two groups: these people, and all others. */
export function isViewerAmong(context: Context, userIds: Group): boolean {
  return context.isViewerAmong ? context.isViewerAmong(userIds) : userIds.has(requireViewer(context).userId)
}
