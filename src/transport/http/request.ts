import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { ClientView } from '../client-view.ts'
import type { ContextInit } from '../context.ts'
import { newTraceId, saneTraceparent, traceIdIn } from '../trace-ids.ts'
import { graphqlPath } from './engine.ts'

export const refreshCookieName = 'parley_refresh'

const saneRequestId = /^[\w.:-]{8,128}$/

/** The id a request is known by in answers and logs: the caller's, where it looks like one. */
export function traceIdOf(request: IncomingMessage): string {
  const traced = traceIdIn(traceparentOf(request))
  if (traced !== undefined) return traced
  const requestId = headerOf(request, 'x-request-id')
  return requestId !== null && saneRequestId.test(requestId) ? requestId : newTraceId()
}

/** Undefined when it has none that can be used. */
const traceparentOf = (request: IncomingMessage) => saneTraceparent(request.headers.traceparent)

export function httpContextInit(
  request: IncomingMessage,
  response: ServerResponse,
  traceId: string,
  view: ClientView,
): ContextInit {
  const traceparent = traceparentOf(request)
  return {
    authorization: request.headers.authorization ?? null,
    actAs: headerOf(request, 'parley-act-as'),
    refreshCookie: cookieOf(request, refreshCookieName),
    clientIp: view.address,
    userAgent: headerOf(request, 'user-agent'),
    baseUrl: view.baseUrl,
    traceId,
    ...(traceparent !== undefined && { traceparent }),
    isWebSocket: false,
    setRefreshCookie(token, maxAgeSeconds) {
      // Too late when a subscription over SSE has begun to answer.
      if (response.headersSent) return
      const cookie = stringifySetCookie({
        name: refreshCookieName,
        value: token ?? '',
        maxAge: token === null ? 0 : maxAgeSeconds,
        path: `${view.basePath}${graphqlPath}`,
        httpOnly: true,
        secure: view.secure,
        sameSite: 'strict',
      })
      response.setHeader('set-cookie', cookie)
    },
  }
}

/** A socket has no response to set one on. One function for all sockets. */
const setNoCookie = () => undefined

export function socketContextInit(
  authorization: string | null,
  { address, baseUrl }: ClientView,
): Omit<ContextInit, 'traceId' | 'viewer'> {
  return {
    authorization,
    refreshCookie: null,
    clientIp: address,
    userAgent: null,
    baseUrl,
    isWebSocket: true,
    setRefreshCookie: setNoCookie,
  }
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name]
  return (Array.isArray(value) ? value.join(',') : value) ?? null
}

function cookieOf({ headers }: IncomingMessage, name: string): string | null {
  // Empty counts as none.
  return parseCookie(headers.cookie ?? '')[name] || null
}
