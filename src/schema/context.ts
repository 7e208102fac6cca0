import type { Domain } from '../domain/domain.ts'
import { UnauthenticatedError } from '../domain/errors.ts'
import type { Loaders } from '../domain/loaders.ts'
import type { Viewer } from '../domain/viewer.ts'
import type { PrismaClient } from '../store/generated/prisma/client.ts'

/** What resolvers get: one for each operation. */
export interface Context {
  viewer: Viewer | null
  /** Why there is no viewer although a token was sent. */
  authFailure: UnauthenticatedError | null
  domain: Domain
  /** Of this request; a subscription sets new ones for each event, since it may live for hours. */
  loaders: Loaders
  prisma: PrismaClient
  client: {
    ip: string
    refreshCookie: string | null
    /** Null clears it. Does nothing on a WebSocket. */
    setRefreshCookie: (token: string | null, maxAgeSeconds: number) => void
  }
}

export function requireViewer(context: Context): Viewer {
  if (context.viewer) return context.viewer
  throw (
    context.authFailure ??
    new UnauthenticatedError('Log in first, and send the access token as "authorization: Bearer <accessToken>".')
  )
}
