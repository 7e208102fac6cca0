interface GraphQLFault {
  extensions?: { retryable?: unknown; retryAfterMs?: unknown }
}

const defaultWaitMs = 1_000

/**
 * Milliseconds until a request refused with these errors may be tried again; the errors as graphql-ws and GraphQL answers
 * have them. Null: it would be refused again, or this is not a list of errors.
 */
export function retryAfterMs(errors: unknown): number | null {
  if (!Array.isArray(errors) || errors.length === 0) return null
  let waitMs = 0
  for (const { extensions } of errors as GraphQLFault[]) {
    if (extensions?.retryable !== true) return null
    const { retryAfterMs: told } = extensions
    waitMs = Math.max(waitMs, typeof told === 'number' ? told : defaultWaitMs)
  }
  // Random, so that clients that were refused together do not come back together.
  return waitMs * (1 + Math.random() / 2)
}
