/** The one registry of error codes: top-level GraphQL errors and members of result unions share it. */

export type TopLevelCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'VALIDATION_ERROR'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'QUERY_TOO_COMPLEX'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'INTERNAL'

export type OutcomeCode =
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'VALIDATION_ERROR'
  | 'REVISION_CONFLICT'
  | 'MESSAGE_LOCKED'
  | 'MESSAGE_DELETED'
  | 'OP_KEY_REUSED'
  | 'HANDLE_TAKEN'
  | 'INVALID_CREDENTIALS'
  | 'ACCOUNT_SUSPENDED'
  | 'SESSION_EXPIRED'
  | 'CONVERSATION_CLOSED'

export type Code = TopLevelCode | OutcomeCode

export interface FieldIssue {
  /** Path of the value in the arguments, outermost first: ['input', 'text']. */
  path: string[]
  reason: string
}

/** Base of every error a client may see. Anything else that is thrown is masked as INTERNAL. */
export abstract class AppError extends Error {
  abstract readonly code: Code
  /** True when the unchanged request may succeed later. */
  readonly retryable: boolean = false
  /** Milliseconds to wait before trying again, where the server can tell. */
  readonly retryAfterMs?: number
}

export class UnauthenticatedError extends AppError {
  readonly code = 'UNAUTHENTICATED'
}

export class NotFoundError extends AppError {
  readonly code = 'NOT_FOUND'
}

export class ForbiddenError extends AppError {
  readonly code = 'FORBIDDEN'
}

export class ValidationError extends AppError {
  readonly code = 'VALIDATION_ERROR'
  constructor(
    message: string,
    readonly fields: FieldIssue[] = [],
  ) {
    super(message)
  }
}

export class RateLimitedError extends AppError {
  readonly code = 'RATE_LIMITED'
  override readonly retryable = true
  constructor(
    override readonly retryAfterMs: number,
    what = 'Too many attempts.',
  ) {
    super(`${what} Try again in ${String(Math.ceil(retryAfterMs / 1000))} seconds.`)
  }
}

export class UnavailableError extends AppError {
  readonly code = 'UNAVAILABLE'
  override readonly retryable = true
  constructor(
    message: string,
    override readonly retryAfterMs: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The cost of an operation when it was stopped, and the limits, for the client's developer. Numbers only. */
export interface OperationCost {
  objects: number
  maxObjects: number
  byteSize: number
  maxByteSize: number
  processorMs: number
  maxProcessorMs: number
}

export class QueryTooComplexError extends AppError {
  readonly code = 'QUERY_TOO_COMPLEX'
  constructor(
    message: string,
    readonly cost?: OperationCost,
  ) {
    super(message)
  }
}

/** Apollo's clients look for exactly this text before they send the whole document. */
export class PersistedQueryNotFoundError extends AppError {
  readonly code = 'PERSISTED_QUERY_NOT_FOUND'
  constructor() {
    super('PersistedQueryNotFound')
  }
}

export class OpKeyReusedError extends AppError {
  readonly code = 'OP_KEY_REUSED'
  constructor() {
    super('This key was used before with a different request. Use a new key for a new request.')
  }
}

export class HandleTakenError extends AppError {
  readonly code = 'HANDLE_TAKEN'
}

export class InvalidCredentialsError extends AppError {
  readonly code = 'INVALID_CREDENTIALS'
  constructor() {
    super('The handle or the password is wrong.')
  }
}

export class AccountSuspendedError extends AppError {
  readonly code = 'ACCOUNT_SUSPENDED'
  constructor(
    /** Null: until it is taken back. */
    readonly until: Date | null,
    why: string | null,
  ) {
    const end = until === null ? 'until it is taken back' : `until ${until.toISOString()}`
    super(`This account is suspended ${end}. ${why === null ? 'Ask whoever runs this server.' : `Why: ${why}`}`)
  }
}

export class SessionExpiredError extends AppError {
  readonly code = 'SESSION_EXPIRED'
  constructor() {
    super('This session has ended. Log in again.')
  }
}

export class MessageDeletedError extends AppError {
  readonly code = 'MESSAGE_DELETED'
  constructor() {
    super('This message was deleted.')
  }
}

export class ConversationClosedError extends AppError {
  readonly code = 'CONVERSATION_CLOSED'
  constructor() {
    super('This conversation is closed: nothing more can be sent to it.')
  }
}
