/** An error in an answer of GraphQL, as the server sends it. */
export interface AnsweredError {
  message: string
  path?: readonly (string | number)[]
  extensions?: {
    code?: unknown
    retryable?: unknown
    retryAfterMs?: unknown
    traceId?: unknown
    fields?: unknown
  }
}

const defaultWaitMs = 1_000

/**
 * The server answered with top-level errors. `code` is that of the first one; the protocol has the list. Expected outcomes of a
 * mutation are data, and never this.
 */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  readonly code: string
  /** Whether the same request may succeed later. A write is repeated with its key. */
  readonly retryable: boolean
  /** Milliseconds to wait until then, as the server said. */
  readonly retryAfterMs: number | null
  /** What the operator finds the failure by. */
  readonly traceId: string | null
  constructor(readonly errors: readonly AnsweredError[]) {
    super(errors.map(({ message }) => message).join('\n'))
    const all = errors.map(({ extensions = {} }) => extensions)
    const [first] = all
    this.code = typeof first?.code === 'string' ? first.code : 'INTERNAL'
    this.retryable = all.length > 0 && all.every(({ retryable }) => retryable === true)
    const waits = all.map(({ retryAfterMs }) => (typeof retryAfterMs === 'number' ? retryAfterMs : defaultWaitMs))
    this.retryAfterMs = this.retryable ? Math.max(...waits) : null
    this.traceId = typeof first?.traceId === 'string' ? first.traceId : null
  }
}

/** No answer of the server: the network, the deadline, or something between that cannot reach it. What was asked may have happened. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly code = 'NETWORK'
  readonly retryable = true
  readonly traceId = null
  constructor(
    message: string,
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Something answered that is no Parley server, or one of another version: the address is wrong, and trying again is of no use. */
export class WrongServerError extends Error {
  override readonly name = 'WrongServerError'
  readonly code = 'WRONG_SERVER'
  readonly retryable = false
  readonly retryAfterMs = null
  readonly traceId = null
}

/**
 * The session was ended: logged out on another device, or its refresh token has expired or was used by somebody else. The
 * person has to log in.
 */
export class SessionEndedError extends Error {
  override readonly name = 'SessionEndedError'
  readonly code = 'UNAUTHENTICATED'
  readonly retryable = false
  readonly retryAfterMs = null
  readonly traceId = null
}

/** What `request` rejects with, besides the reason of the caller's own signal. */
export type RequestError = ParleyError | NetworkError | WrongServerError | SessionEndedError

export function isRequestError(error: unknown): error is RequestError {
  return (
    error instanceof ParleyError ||
    error instanceof NetworkError ||
    error instanceof WrongServerError ||
    error instanceof SessionEndedError
  )
}
