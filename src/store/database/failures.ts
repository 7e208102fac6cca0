/** Milliseconds a client is told to wait before it tries again. */
export const databaseRetryAfterMs = 1_000

/**
 * What becomes of a statement that failed:
 * - again: nothing was done, and the same may work at once
 * - lost: the connection went with it, and whether it was committed is not known. Again where that changes nothing
 * - later: nothing was done, and the same may work in a while
 * - ours: the same fails again; a fault of ours, or an answer that our own code knows
 */
type Treatment = 'again' | 'lost' | 'later' | 'ours'

export interface Failure {
  treatment: Treatment
  /** Whether the connection is of no more use. */
  endsConnection: boolean
  /** Whether it says that PostgreSQL is not there, and not that it is busy, or refuses this one statement. */
  isAway: boolean
  /** Whether the session was another one than ours: a pooler that shares them is the usual reason. */
  isStrange?: boolean
  /** Whether there was no answer in time: of the statement's own accord, or because PostgreSQL is away. */
  isTimeout?: boolean
  /** What keeps every write from working, while reads do. */
  blocksWrites?: 'read-only' | 'full'
}

const failure = (treatment: Treatment, others: Partial<Failure> = {}): Failure => ({
  treatment,
  endsConnection: treatment === 'lost',
  isAway: treatment === 'lost',
  ...others,
})

const ours = failure('ours')
const again = failure('again')
/** The session is not in the state that we left it in, or is not the one we had: another one will do. */
const wrongSession = failure('again', { endsConnection: true })
const strangeSession = failure('again', { endsConnection: true, isStrange: true })
const lost = failure('lost')
const later = failure('later')
const away = failure('later', { isAway: true, endsConnection: true })

/**
 * Every class of PostgreSQL's codes, and those codes that are not as their class is. What is in no line is ours.
 * docs/operations.md tells operators the same in words.
 */
const byCode: Readonly<Record<string, Failure>> = {
  // Connection. 08P01 is all that PgBouncer says of itself: server gone, no place in its pool, no such database.
  '08': lost,
  '08001': away,
  '08004': away,
  // Session and transaction states: none of our statements leaves one, so somebody else's session was handed to us.
  '25': wrongSession,
  '25006': failure('later', { endsConnection: true, blocksWrites: 'read-only' }),
  '25P03': lost,
  '25P04': lost,
  // A prepared statement that is missing (26000) or there already: a pooler that shares sessions.
  '26': strangeSession,
  '42P05': strangeSession,
  // Who we are, and to which database: it was changed while we run.
  '28': away,
  '3D000': away,
  // Undone for the sake of another transaction.
  '40': again,
  '40002': ours,
  '40003': lost,
  '72': again,
  // Resources.
  '53': later,
  '53100': failure('later', { blocksWrites: 'full' }),
  '53300': away,
  // Locks and states of objects.
  '55006': later,
  '55P03': later,
  // Intervention: cut off, shut down, starting up, dropped, idle for too long.
  '57': later,
  '57014': failure('later', { isTimeout: true }),
  '57P01': lost,
  '57P02': lost,
  '57P03': away,
  '57P04': lost,
  '57P05': lost,
  // The machine below PostgreSQL.
  '58': later,

  // Node's network: before there was a connection, and with one.
  ECONNREFUSED: away,
  ENOTFOUND: away,
  EAI_AGAIN: away,
  EHOSTUNREACH: away,
  ENETUNREACH: away,
  ECONNRESET: lost,
  EPIPE: lost,
  ETIMEDOUT: lost,
  // The circuit breaker, while it is open; and what we have said already, as Prisma hands it on.
  EOPENBREAKER: away,
  UNAVAILABLE: later,
  // Prisma: unreachable, timed out, closed, no connection or transaction in time, too many connections.
  P1001: away,
  P1002: away,
  P1008: away,
  P1017: lost,
  P2024: away,
  P2028: away,
  P2037: away,
}

/** What Prisma's driver adapters call the same things. */
const byKind: Readonly<Record<string, Failure>> = {
  DatabaseNotReachable: away,
  ConnectionClosed: lost,
  SocketTimeout: lost,
  TooManyConnections: away,
  TransactionWriteConflict: again,
}

/** pg gives these no code. */
const byMessage: readonly [RegExp, Failure][] = [
  // Without an answer in time it may be done all the same, and what comes late would be taken for the next answer.
  [/query read timeout/i, failure('later', { isAway: true, endsConnection: true, isTimeout: true })],
  [/timeout exceeded when trying to connect|due to connection timeout|cannot use a pool after calling end/i, away],
  [
    /connection terminated|client has encountered a connection error|client was closed|unexpected .* message from backend/i,
    lost,
  ],
]

// Prisma wraps the driver's error up to four times: in `cause`, in `meta.driverAdapterError`, in an AggregateError.
const maxWrappers = 6

/** A plan whose tables were changed by a migration since; only the place in PostgreSQL tells it from other 0A000, in any language. */
const isStalePlan = (code: unknown, routine: unknown) => code === '0A000' && routine === 'RevalidateCachedQuery'

const sqlState = /^[0-9A-Z]{5}$/

function find(error: unknown, depth: number): Failure | null {
  if (typeof error !== 'object' || error === null || depth > maxWrappers) return null
  const { code, originalCode, kind, message, routine, cause, meta, errors } = error as Record<string, unknown>
  if (isStalePlan(code, routine)) return wrongSession
  for (const value of [originalCode, code]) {
    if (typeof value !== 'string') continue
    const found = byCode[value] ?? (sqlState.test(value) ? byCode[value.slice(0, 2)] : undefined)
    if (found) return found
  }
  if (typeof kind === 'string' && byKind[kind]) return byKind[kind]
  const adapterError = (meta as Record<string, unknown> | undefined)?.driverAdapterError
  for (const wrapped of [cause, adapterError, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]) {
    const found = find(wrapped, depth + 1)
    if (found) return found
  }
  return byMessage.find(([pattern]) => typeof message === 'string' && pattern.test(message))?.[1] ?? null
}

/** What to do about an error that a statement ended with, whoever wrapped it. */
export const failureOf = (error: unknown): Failure => find(error, 0) ?? ours

/** Whether the same request may succeed later, unchanged. */
export const isDatabaseUnavailable = (error: unknown): boolean => failureOf(error).treatment !== 'ours'
