import type { IncomingMessage, ServerResponse } from 'node:http'

export type AllowedOrigins = readonly string[] | '*'

const apiMethods = 'GET, POST'
const maxAgeSeconds = '600'

/** What answers depend on besides the URL and the body, for caches that keep any all the same. */
const vary = 'Origin, Accept, Authorization, Cookie'

/**
 * Headers of all answers of the API. Nearly each had a viewer or could have: no cache is to keep any. Those for other origins
 * say whether a web page may read it: any with a token of its own, only a named one with the browser's refresh cookie.
 */
export function setApiHeaders(request: IncomingMessage, response: ServerResponse, allowed: AllowedOrigins): void {
  response.setHeader('Vary', vary)
  setOriginHeaders(request, response, allowed, 'x-trace-id, retry-after')
}

/** `exposed` are headers of the answer that a web page may read. */
export function setOriginHeaders(
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  allowed: AllowedOrigins,
  exposed: string,
): void {
  if (origin === undefined || !isAllowed(origin, allowed)) return
  response.setHeader('Access-Control-Allow-Origin', origin)
  response.setHeader('Access-Control-Expose-Headers', exposed)
  if (!isOpen(allowed)) response.setHeader('Access-Control-Allow-Credentials', 'true')
}

/** What a browser asks before it sends a request of another origin that is not a plain one. */
export function answerPreflight(
  { headers }: IncomingMessage,
  response: ServerResponse,
  allowed: AllowedOrigins,
  methods = apiMethods,
): void {
  const { origin, 'access-control-request-headers': wanted } = headers
  response.setHeader('Vary', `${vary}, Access-Control-Request-Headers`)
  if (origin !== undefined && isAllowed(origin, allowed)) {
    response.setHeader('Access-Control-Allow-Methods', methods)
    response.setHeader('Access-Control-Max-Age', maxAgeSeconds)
    if (wanted !== undefined) response.setHeader('Access-Control-Allow-Headers', wanted)
  }
  response.writeHead(204, { Allow: `${methods}, OPTIONS` }).end()
}

const isOpen = (allowed: AllowedOrigins) => allowed === '*' || allowed.includes('*')
const isAllowed = (origin: string, allowed: AllowedOrigins) => isOpen(allowed) || allowed.includes(origin)
