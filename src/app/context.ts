import type { Domain } from '../domain/domain.ts'
import type { SessionWatch } from '../domain/sessions/session-watch.ts'
import { addressPayer } from '../fairness/network.ts'
import type { Context } from '../schema/building/context.ts'
import type { Database } from '../store/database/database.ts'
import { authenticate } from '../transport/authenticate.ts'
import type { ContextInit } from '../transport/context.ts'

/** The context of each operation. Rejects with UNAUTHENTICATED where `authenticate` does. */
export function createContexts(
  domain: Domain,
  db: Database,
  watch: Pick<SessionWatch, 'current'>,
): (init: ContextInit) => Promise<Context> {
  return async (init) => {
    const authentication = await authenticate(domain.authenticate, init)
    // That of a socket was checked when it opened.
    const viewer = init.viewer ? watch.current(init.viewer) : authentication.viewer
    if (viewer) domain.sessions.used(viewer)
    const payer = viewer?.userId ?? addressPayer(init.clientIp)
    init.payer = payer
    return {
      ...authentication,
      viewer,
      payer,
      address: init.clientIp,
      traceId: init.traceId,
      ...(init.traceparent !== undefined && { traceparent: init.traceparent }),
      domain,
      loaders: domain.newLoaders(payer),
      prisma: db.prisma,
      goOnFrom: init.goOnFrom ?? null,
      client: {
        ip: init.clientIp,
        userAgent: init.userAgent,
        baseUrl: init.baseUrl,
        refreshCookie: init.refreshCookie,
        setRefreshCookie: init.setRefreshCookie,
        connection: init.connection ?? null,
      },
    }
  }
}
