import type { IncomingMessage, ServerResponse } from 'node:http'

export type AllowedOrigins = readonly string[] | '*'

const apiMethods = 'GET, POST'
const maxAgeSeconds = '600'

/** What answers depend on besides the URL and the body, for caches that keep any all the same. */
const vary = 'Origin, Accept, Authorization, Cookie'

const exposedToPages = 'x-trace-id, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset'

/**
 * Headers of all answers of the API. Nearly each had a viewer or could have: no cache is to keep any. Those for other origins
 * say whether a web page may read it: any with a token of its own, only a named one with the browser's refresh cookie.
 */
export function setApiHeaders(request: IncomingMessage, response: ServerResponse, allowed: AllowedOrigins): void {
  response.setHeader('Vary', vary)
  // No browser is to take an answer for a page or a script.
  response.setHeader('X-Content-Type-Options', 'nosniff')
  setOriginHeaders(request, response, allowed, exposedToPages)
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

/**
 * Whether a WebSocket may be opened by who asks: browsers always say which page it is, and apply no CORS to it. Pages of this server
 * may in any case: their host is the one that the browser asks. What is no browser says nothing.
 */
export function isSocketAllowed({ headers }: IncomingMessage, baseUrl: string, allowed: AllowedOrigins): boolean {
  const { origin, host } = headers
  if (origin === undefined || isAllowed(origin, allowed)) return true
  if (!URL.canParse(origin)) return false
  const page = new URL(origin)
  const isOurs = URL.canParse(baseUrl) && page.origin === new URL(baseUrl).origin
  return page.host !== '' && (isOurs || page.host === host?.toLowerCase())
}

const isOpen = (allowed: AllowedOrigins) => allowed === '*' || allowed.includes('*')
const isAllowed = (origin: string, allowed: AllowedOrigins) => isOpen(allowed) || allowed.includes(origin)
