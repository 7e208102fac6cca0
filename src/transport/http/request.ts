import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ContextInit } from '../context.ts'

export const refreshCookieName = 'parley_refresh'

const saneRequestId = /^[\w.:-]{8,128}$/
const traceParent = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/

interface RequestSettings {
  secure: boolean
  /** Whether a proxy of ours stands in front and appends the client's address to X-Forwarded-For. */
  trustProxy: boolean
}

/** The id a request is known by in answers and logs: the caller's, where it looks like one. */
export function traceIdOf(request: IncomingMessage): string {
  const requestId = headerOf(request, 'x-request-id')
  if (requestId !== null && saneRequestId.test(requestId)) return requestId
  return traceParent.exec(headerOf(request, 'traceparent') ?? '')?.[1] ?? randomUUID()
}

export function httpContextInit(
  request: IncomingMessage,
  response: ServerResponse,
  traceId: string,
  settings: RequestSettings,
): ContextInit {
  return {
    authorization: request.headers.authorization ?? null,
    refreshCookie: cookieOf(request, refreshCookieName),
    clientIp: clientIpOf(request, settings.trustProxy),
    traceId,
    secure: settings.secure,
    isWebSocket: false,
    setRefreshCookie(token, maxAgeSeconds) {
      // Too late when a subscription over SSE has begun to answer.
      if (response.headersSent) return
      const attributes = ['HttpOnly', 'SameSite=Strict', 'Path=/graphql', ...(settings.secure ? ['Secure'] : [])]
      const value = token === null ? '; Max-Age=0' : `${encodeURIComponent(token)}; Max-Age=${maxAgeSeconds}`
      response.setHeader('set-cookie', `${refreshCookieName}=${value}; ${attributes.join('; ')}`)
    },
  }
}

/** A socket has no response to set one on. One function for all sockets. */
const setNoCookie = () => undefined

export function socketContextInit(
  request: IncomingMessage,
  authorization: string | null,
  settings: RequestSettings,
): Omit<ContextInit, 'traceId' | 'viewer'> {
  return {
    authorization,
    refreshCookie: null,
    clientIp: clientIpOf(request, settings.trustProxy),
    secure: settings.secure,
    isWebSocket: true,
    setRefreshCookie: setNoCookie,
  }
}

function clientIpOf(request: IncomingMessage, trustProxy: boolean): string {
  // Only the last address was written by our proxy; those before it are the client's own words.
  const forwarded = trustProxy ? headerOf(request, 'x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return (forwarded ?? request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name]
  return (Array.isArray(value) ? value.join(',') : value) ?? null
}

function cookieOf(request: IncomingMessage, name: string): string | null {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  if (value === undefined || value === '') return null
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}
