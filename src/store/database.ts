import { PrismaPg } from '@prisma/adapter-pg'
import CircuitBreaker from 'opossum'
import pg from 'pg'
import { UnavailableError } from '../domain/errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { clientConfig, createSettle } from './session.ts'
import { typeParsers } from './timestamps.ts'
import { databaseRetryAfterMs, isDatabaseUnavailable } from './unavailable.ts'

/** A fixed statement. Its name makes PostgreSQL keep the plan on each connection; the text never changes under a name. */
export interface Statement {
  name: string
  text: string
}

/**
 * The parameter of this number, an array, so that the planner does not see its length. Of one that it sees it makes a plan
 * for just that many rows, which looks cheaper than one for any number: a named statement is then planned each time it
 * runs, which costs more than running it.
 */
export const arrayParameter = (type: string, number = 1) => `(SELECT $${String(number)}::${type}[])::${type}[]`

/** The first parameters, arrays of these types, as the columns of a table. */
export const tableOfParameters = (...types: string[]) =>
  `unnest(${types.map((type, index) => arrayParameter(type, index + 1)).join(', ')})`

export interface Database {
  /**
   * Runs one statement in its own transaction: one round trip. Rejects with UnavailableError within 2 s when the
   * database cannot be reached or does not answer, and at once while that lasts. A statement whose connection broke may
   * have been committed all the same.
   */
  run<Row extends pg.QueryResultRow>(statement: Statement, values: unknown[]): Promise<Row[]>
  /** The same pool seen through Prisma, for the selections that the Pothos plugin plans. */
  prisma: PrismaClient
  close(): Promise<void>
}

export interface DatabaseOptions {
  connectionString: string
  poolSize: number
  logger: Logger
  /** False where thousands of commits that nobody waits for are not worth waiting for the disk. */
  isDurable?: boolean
}

const connectTimeoutMs = 1_500
/** Clients are promised an answer in 3 s; the rest of that is for the way and for a busy process. */
const answerTimeoutMs = 2_000
/** What the database itself cuts off: more than we wait, so that a slow commit is not undone behind the client's back. */
const statementTimeoutMs = 5_000
/** Milliseconds between tries while the database is away. */
const probeIntervalMs = 1_000
/** Failures in ten seconds before the database counts as away; below that a single hiccup would cut everybody off. */
const failuresToOpen = 5

/** One pool serves Prisma and our own statements alike; docs/decisions/0008 says why there are two doors. */
export function createDatabase({ connectionString, poolSize, logger, isDurable = true }: DatabaseOptions): Database {
  const settings = {
    statement_timeout: String(statementTimeoutMs),
    ...(!isDurable && { synchronous_commit: 'off' }),
  }
  const pool = new pg.Pool({
    ...clientConfig(connectionString),
    // pg-pool waits for it before anybody gets the connection, Prisma included; @types/pg does not say so.
    onConnect: createSettle(settings) as (client: pg.ClientBase) => unknown as (client: pg.ClientBase) => void,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    query_timeout: answerTimeoutMs,
    types: typeParsers(),
  })
  // Without a listener the loss of an idle connection would end the process; the pool replaces it by itself.
  pool.on('error', ({ message }) => {
    // Not the error itself, which carries the whole client along.
    if (!pool.ending) logger.warn({ reason: message }, 'an idle database connection was lost')
  })

  // While the database is away requests are refused at once, instead of piling up in the queue for a connection.
  const unguarded = pool.query.bind(pool) as (query: pg.QueryConfig) => Promise<pg.QueryResult>
  const breaker = new CircuitBreaker(unguarded, {
    timeout: answerTimeoutMs,
    resetTimeout: probeIntervalMs,
    volumeThreshold: failuresToOpen,
    errorThresholdPercentage: 50,
    // A constraint, say, is an answer: the database is there.
    errorFilter: (error: unknown) => !isDatabaseUnavailable(error),
  })
  // In the pool itself, so that what Prisma asks passes the breaker as well.
  pool.query = ((query: pg.QueryConfig) => breaker.fire(query)) as typeof pool.query
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  breaker.on('open', () => {
    logger.error('the database does not answer; requests are refused until it does')
  })
  breaker.on('close', () => {
    logger.info('the database answers again')
  })

  return {
    async run(statement, values) {
      try {
        return (await pool.query({ name: statement.name, text: statement.text, values })).rows as never
      } catch (error) {
        if (CircuitBreaker.isOurError(error as Error) || isDatabaseUnavailable(error)) {
          throw new UnavailableError('The database cannot be reached. Try again shortly.', databaseRetryAfterMs, {
            cause: error,
          })
        }
        throw error
      }
    },
    prisma,
    async close() {
      breaker.shutdown()
      await prisma.$disconnect()
      await pool.end()
    },
  }
}
