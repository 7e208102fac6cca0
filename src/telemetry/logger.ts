import { pino, type Logger } from 'pino'

export type { Logger }

interface LoggedError {
  type: string
  cause?: LoggedError
  errors?: LoggedError[]
  [key: string]: unknown
}

/**
 * The only properties of an error that are logged. PostgreSQL's `detail` quotes the row, `where` and `internalQuery` the
 * statement, ioredis' `command` its arguments: they hold the texts of messages and the names of people.
 */
const loggedKeys = [
  ...['message', 'code', 'severity', 'schema', 'table', 'column', 'constraint', 'routine'],
  // Prisma's: its adapter's name for the error, and PostgreSQL's code and message.
  ...['kind', 'originalCode', 'originalMessage'],
  ...['errno', 'syscall', 'stack'],
]

/** An error may be its own cause, or the cause of many. */
const maxDepth = 6
const maxErrors = 20

/** Of a value that is no object only its type is logged: it may be any text. */
export function loggedError(error: unknown, depth = 0): LoggedError {
  if (typeof error !== 'object' || error === null) return { type: typeof error }
  const given = error as Record<string, unknown>
  const logged: LoggedError = { type: typeof given.constructor === 'function' ? given.constructor.name : 'Object' }
  for (const key of loggedKeys) {
    const value = given[key]
    if (typeof value === 'string' || typeof value === 'number') logged[key] = value
  }
  if (depth === maxDepth) return logged
  if (given.cause !== undefined) logged.cause = loggedError(given.cause, depth + 1)
  if (Array.isArray(given.errors)) {
    logged.errors = given.errors.slice(0, maxErrors).map((one) => loggedError(one, depth + 1))
  }
  return logged
}

/** JSON lines on stderr: stdout is for the output that a person started the process to read. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (error: unknown) => loggedError(error) },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
