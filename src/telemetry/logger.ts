import { pino, type Logger } from 'pino'

export type { Logger }

interface LoggedError {
  type: string
  cause?: LoggedError
  errors?: LoggedError[]
  [key: string]: unknown
}

/**
 * What is logged of an error, and nothing else: PostgreSQL's `detail` quotes the row, `where` and `internalQuery` the statement,
 * ioredis' `command` its arguments. They hold the texts of messages and the names of people.
 */
const loggedKeys = [
  ...['message', 'code', 'severity', 'schema', 'table', 'column', 'constraint', 'routine'],
  // Prisma's: what its adapter calls the error, and PostgreSQL's code and message.
  ...['kind', 'originalCode', 'originalMessage'],
  ...['errno', 'syscall', 'stack'],
]

/** An error may be its own cause, or that of many. */
const maxDepth = 6
const maxErrors = 20

/** Of what is no object nothing is told: it may be any text. */
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

/** JSON lines on stderr: stdout is for what a person started the process to read. */
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
