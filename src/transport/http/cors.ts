export type AllowedOrigins = readonly string[] | '*'

/** What Yoga is told of the origins that may ask. */
export function corsFor(origin: string | null, allowed: AllowedOrigins) {
  const common = { methods: ['GET', 'POST'], exposedHeaders: ['x-trace-id'], maxAge: 600 }
  // Any origin may ask with a bearer token; only a named one may have the browser send the refresh cookie along.
  if (allowed === '*' || allowed.includes('*')) return { ...common, origin: '*', credentials: false }
  return origin !== null && allowed.includes(origin) ? { ...common, origin, credentials: true } : false
}

/** The same headers as Yoga's, without it. */
export function corsHeaders(
  origin: string | undefined,
  requestHeaders: string | undefined,
  allowed: AllowedOrigins,
): Record<string, string> {
  if (origin === undefined) return {}
  const cors = corsFor(origin, allowed)
  if (cors === false) return {}
  const vary = [
    ...(cors.origin === '*' ? ['Origin'] : []),
    ...(requestHeaders ? ['Access-Control-Request-Headers'] : []),
  ]
  return {
    'Access-Control-Allow-Origin': origin,
    ...(vary.length > 0 && { Vary: vary.join(', ') }),
    'Access-Control-Allow-Methods': cors.methods.join(', '),
    ...(requestHeaders && { 'Access-Control-Allow-Headers': requestHeaders }),
    ...(cors.credentials && { 'Access-Control-Allow-Credentials': 'true' }),
    'Access-Control-Expose-Headers': cors.exposedHeaders.join(', '),
    'Access-Control-Max-Age': String(cors.maxAge),
  }
}
