/** Milliseconds a client is told to wait before it tries again. */
export const databaseRetryAfterMs = 1_000

const codes = new Set([
  // The network, from node:net.
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  // The circuit breaker, while it is open.
  'EOPENBREAKER',
  'ENETUNREACH',
  // PostgreSQL: connection failures, too many connections, stopping, crashed, starting up.
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  // PostgreSQL: too slow (statement and lock timeouts).
  '57014',
  '55P03',
  // Prisma: unreachable, timed out, closed, no connection from the pool in time, no transaction in time.
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
])

/** What Prisma's driver adapters call the same things. */
const kinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections'])

// pg gives these no code.
const messages =
  /connection terminated|query read timeout|timeout exceeded when trying to connect|client has encountered a connection error|cannot use a pool after calling end/i

/** Whether the database could not be reached, or not in time: the same request may succeed later, unchanged. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return matches(error, 0)
}

// Prisma wraps the driver's error up to four times: in `cause`, in `meta.driverAdapterError`, in an AggregateError.
const maxWrappers = 6

function matches(error: unknown, depth: number): boolean {
  if (typeof error !== 'object' || error === null || depth > maxWrappers) return false
  const { code, originalCode, kind, message, cause, meta, errors } = error as Record<string, unknown>
  if ([code, originalCode].some((value) => typeof value === 'string' && codes.has(value))) return true
  if (typeof kind === 'string' && kinds.has(kind)) return true
  if (typeof message === 'string' && messages.test(message)) return true
  const adapterError = (meta as Record<string, unknown> | undefined)?.driverAdapterError
  const inner: unknown[] = [cause, adapterError, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]
  return inner.some((wrapped) => matches(wrapped, depth + 1))
}
