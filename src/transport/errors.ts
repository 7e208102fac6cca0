import { PothosValidationError } from '@pothos/core'
import { GraphQLError, Source, type GraphQLErrorOptions, type GraphQLFormattedError } from 'graphql'
import { AppError, QueryTooComplexError, UnavailableError, ValidationError, type Code } from '../domain/errors.ts'
import { databaseRetryAfterMs, isDatabaseUnavailable } from '../store/database/failures.ts'
import { erred } from '../telemetry/facts.ts'
import type { Logger } from '../telemetry/logger.ts'

interface Presentation {
  traceId: string
  logger: Logger
  /** Adds hints on the HTTP status, which Yoga reads and removes. */
  http?: boolean
  /** Of an event of a running subscription: the request was found good long ago. */
  ofEvent?: boolean
}

/** Statuses of requests that failed as a whole. Field errors stand beside data and are answered with 200. */
const httpStatuses: Partial<Record<Code, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  // So that clients read the answer, and send the document.
  PERSISTED_QUERY_NOT_FOUND: 200,
  INTERNAL: 500,
}

/** The one place where thrown things become the contract's top-level errors, whatever transport they leave by. */
export function presentErrors(errors: readonly unknown[], options: Presentation): GraphQLError[] {
  return errors.flatMap(flatten).map((error) => present(error, options))
}

/** Whether presented errors say that the same would succeed a little later. */
export const isUnavailable = (errors: readonly GraphQLFormattedError[] | readonly GraphQLError[]): boolean =>
  errors.some((error: GraphQLFormattedError) => error.extensions?.code === 'UNAVAILABLE')

/** Whether presented errors are such that the same request may succeed later. */
export const isPassing = (errors: readonly GraphQLError[]): boolean =>
  errors.length > 0 && errors.every(({ extensions }) => extensions.retryable === true)

/** The status of an answer that came to nothing but these presented errors: 200 for mistakes in the request. */
export const refusalStatus = (errors: readonly GraphQLError[]): number =>
  Math.max(200, ...errors.map(({ extensions }) => httpStatuses[extensions.code as Code] ?? 200))

/** For hooks that must hand on a GraphQLError; presentErrors unwraps it again. */
export function asGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error
  const originalError = error instanceof Error ? error : new Error(String(error))
  return new GraphQLError(originalError.message, { originalError })
}

/** For a request that is none: its status holds whatever the client accepts. */
export function badRequest(status: number, message: string, headers?: Record<string, string>): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'BAD_REQUEST', http: { status, ...(headers && { headers }) } },
  })
}

/** A refusal because of us and not of the request. Its status holds whatever the client accepts. */
export function refusedUnread(status: number, error: AppError): GraphQLError {
  const { message, retryAfterMs } = error
  const headers = retryAfterMs !== undefined && retryAfter(retryAfterMs)
  return new GraphQLError(message, {
    originalError: error,
    extensions: { http: { status, ...(headers && { headers }) } },
  })
}

/** The executor reports several errors at once as an AggregateError; so do failed starts of subscriptions. */
function flatten(error: unknown): unknown[] {
  const inner = rootCause(error)
  const isBundle = inner instanceof AggregateError && inner.errors.every((one) => one instanceof GraphQLError)
  return isBundle ? inner.errors : [error]
}

function rootCause(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootCause(error.originalError) : error
}

function present(error: unknown, { traceId, logger, http, ofEvent = false }: Presentation): GraphQLError {
  const located = error instanceof GraphQLError ? error : null
  const cause = rootCause(error)
  const known = recognise(cause, ofEvent ? null : located)
  const code = known?.code ?? 'INTERNAL'
  if (!known) {
    logger.error({ event: 'request.failed', traceId, path: located?.path, err: asError(cause) }, 'Unexpected error')
  }
  if (erred.hasSubscribers) erred.publish({ code, traceId, isUnexpected: !known })
  return new GraphQLError(
    known?.message ?? `Something went wrong on our side. Please report this trace id: ${traceId}.`,
    {
      ...(located && placesOf(located)),
      path: located?.path,
      extensions: {
        code,
        retryable: known?.retryable ?? false,
        ...(known?.retryAfterMs !== undefined && { retryAfterMs: known.retryAfterMs }),
        traceId,
        ...(known instanceof ValidationError && { fields: known.fields }),
        ...(known instanceof QueryTooComplexError && known.cost && { cost: known.cost }),
        ...(http === true && { http: httpHint(located, code, known?.retryAfterMs) }),
      },
    },
  )
}

/**
 * Locations as GraphQLError has them: places in a text. Of a refused document that is not kept only the locations are known, so
 * blanks stand for it. Yoga makes each error anew, and would lose locations that are merely set.
 */
function placesOf({ nodes, source, positions, locations }: GraphQLError): GraphQLErrorOptions {
  if (nodes || source || !locations) return { nodes, source, positions }
  const widths: number[] = []
  for (const { line, column } of locations) widths[line - 1] = Math.max(column, widths[line - 1] ?? 0)
  const lines = Array.from(widths, (width: number | undefined) => ' '.repeat(width ?? 0))
  const startOf = (line: number) => lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0)
  return {
    source: new Source(lines.join('\n')),
    positions: locations.map(({ line, column }) => startOf(line) + column - 1),
  }
}

/** The error the client may see, or null for what has to be masked. */
function recognise(cause: unknown, located: GraphQLError | null): AppError | null {
  if (cause instanceof AppError) return cause
  if (isDatabaseUnavailable(cause)) {
    return new UnavailableError('The service is not available at the moment. Try again shortly.', databaseRetryAfterMs)
  }
  return located && isMistakeOfRequest(cause, located) ? new ValidationError(shortened(located.message)) : null
}

/**
 * GraphQL libraries throw GraphQLError for mistakes of the request and for faults of our resolvers alike (a value that
 * no Int can hold, a type that cannot be resolved). The latter come with a path, so with one only known mistakes count.
 */
function isMistakeOfRequest(cause: unknown, located: GraphQLError): boolean {
  if (cause instanceof PothosValidationError) return true
  if (located.path) return cause instanceof GraphQLError && located.message.startsWith('Argument "')
  // Without a path but with a place in the document: validation, whatever a custom scalar threw to refuse a value.
  return cause instanceof GraphQLError ? located.extensions.unexpected !== true : (located.locations?.length ?? 0) > 0
}

const maxNameLength = 64
const maxMessageLength = 1_000
const longName = new RegExp(`[\\w$]{${String(maxNameLength + 1)},}`, 'g')

/** What a message quotes of a request is as long as the client likes. */
function shortened(message: string): string {
  if (message.length <= maxNameLength) return message
  const cut = cutAt(message, 4 * maxMessageLength)
    // Also short ones, so that what stands between two of them is not taken for one.
    .replace(/"[^"]*"/g, (quoted) => `"${cutAt(quoted.slice(1, -1), maxNameLength)}"`)
    .replace(longName, (name) => cutAt(name, maxNameLength))
  return cutAt(cut, maxMessageLength)
}

const cutAt = (text: string, length: number) => (text.length > length ? `${text.slice(0, length)}…` : text)

export const retryAfter = (ms: number) => ({ 'Retry-After': String(Math.ceil(ms / 1_000)) })

function httpHint(located: GraphQLError | null, code: Code, retryAfterMs: number | undefined): object | undefined {
  const given = located?.extensions.http
  // Yoga's own: keep its status and headers. `spec` means 200 for clients that accept application/json only, which
  // is right for an operation that is not valid and wrong for a request that never was one.
  if (given) return located.extensions.code === 'BAD_REQUEST' ? { ...given, spec: false } : given
  if (located?.path) return undefined
  // A client that waits must be told so whatever media types it knows.
  const waits = retryAfterMs === undefined ? {} : { headers: retryAfter(retryAfterMs) }
  return { status: httpStatuses[code] ?? 400, spec: code !== 'RATE_LIMITED', ...waits }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error('Something that is no Error was thrown', { cause })
}
