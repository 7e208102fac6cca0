import { pino, type DestinationStream, type Logger } from 'pino'

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

/** Properties whose values are never logged, at whatever place somebody puts them. */
const secretName =
  /pass(word|phrase)|token|secret|authorization|cookie|ticket|api_?key|signature|^(text|body|query|variables)$/i

const hidden = '[hidden]'

/** What is logged of a value beside an error: without what its name says is secret. */
function redacted(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth === maxDepth) return hidden
  if (Array.isArray(value)) return value.map((one) => redacted(one, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, secretName.test(name) ? hidden : redacted(one, depth + 1)]),
  )
}

/** Every line has the same names at its top: what is of this line alone stands in `data`. */
function shaped({ traceId, event, err, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return {
    ...(traceId !== undefined && { traceId }),
    ...(event !== undefined && { event }),
    ...(Object.keys(rest).length > 0 && { data: redacted(rest) }),
    ...(err !== undefined && { err }),
  }
}

/** JSON lines on stderr: stdout is for the output that a person started the process to read. */
export function createLogger(level: string, target: DestinationStream = plainTarget()): Logger {
  return pino(
    {
      level,
      base: { service: 'parley' },
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: shaped },
      serializers: { err: (error: unknown) => loggedError(error) },
    },
    target,
  )
}

const plainTarget = () => pino.destination({ dest: 2, sync: true })

/** For a person who looks on: colours and short times. The library is loaded only then. */
export async function createPrettyLogger(level: string): Promise<Logger> {
  const { default: pretty } = await import('pino-pretty')
  return createLogger(
    level,
    pretty({
      destination: 2,
      sync: true,
      timestampKey: 'timestamp',
      translateTime: 'SYS:HH:MM:ss.l',
      ignore: 'service',
    }),
  )
}
