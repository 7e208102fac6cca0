import { setTimeout as sleep } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import CircuitBreaker from 'opossum'
import type pg from 'pg'
import { UnavailableError } from '../../domain/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createConnections, NoConnectionError } from './connections.ts'
import { databaseRetryAfterMs, failureOf, type Failure } from './failures.ts'
import { PrismaClient } from '../generated/prisma/client.ts'
import type { Pooling } from './pooler.ts'
import { NoTurnError } from './turns.ts'
import { createWritability, type WriteState } from './writability.ts'

/** A fixed statement. Its name makes PostgreSQL keep the plan on each connection; the text never changes under a name. */
export interface Statement {
  /** One that begins with `read_` changes nothing. */
  name: string
  text: string
  /**
   * Whether running it a second time leaves all as the first time did, and gives an answer that is as good: it is then run
   * again when a connection broke under it. Reads are; a write with a key is.
   */
  isRepeatable?: boolean
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
   * Runs one statement in its own transaction: one round trip. What PostgreSQL undid for the sake of somebody else is run
   * again. Rejects with UnavailableError within 2 s when the database cannot be reached or does not answer, and at once while
   * that lasts. A statement whose connection broke may have been committed all the same.
   */
  run<Row extends pg.QueryResultRow>(statement: Statement, values: unknown[]): Promise<Row[]>
  /** The same pool seen through Prisma, for the selections that the Pothos plugin plans. */
  prisma: PrismaClient
  /** Whether it is there and takes writes. Never rejects. */
  check(): Promise<WriteState | 'unreachable'>
  close(): Promise<void>
}

export interface DatabaseOptions {
  connectionString: string
  poolSize: number
  logger: Logger
  /** False where thousands of commits that nobody waits for are not worth waiting for the disk. */
  isDurable?: boolean
  /** As migrate() found it. */
  pooling?: Pooling
}

/** Clients are promised an answer in 3 s; the rest of that is for the way and for a busy process. */
const answerTimeoutMs = 2_000
/** What the database itself cuts off: more than we wait, so that a slow commit is not undone behind the client's back. */
const statementTimeoutMs = 5_000
/** Milliseconds between tries while the database is away. */
const probeIntervalMs = 1_000
/** Failures in ten seconds before the database counts as away; below that a single hiccup would cut everybody off. */
const failuresToOpen = 5
const maxTries = 6
/** Connections that break under one statement: others of the pool may have broken with the first. */
const maxLost = 3
/** Milliseconds, doubled with each try, of which chance takes a part: those who met would meet again. */
const firstPauseMs = 4
/** Less time than this is not worth another try. */
const minTryMs = 100

interface Query extends pg.QueryConfig {
  isRepeatable?: boolean
}

/** Prisma's reads have no name. */
const onlyReads = ({ name, text }: Query) =>
  name === undefined ? /^\s*SELECT\b/i.test(text) : name.startsWith('read_')

/** One pool serves Prisma and our own statements alike; docs/decisions/0008 says why there are two doors. */
export function createDatabase(options: DatabaseOptions): Database {
  const { connectionString, poolSize, logger, isDurable = true, pooling } = options
  const connections = createConnections({
    connectionString,
    size: poolSize,
    logger,
    answerTimeoutMs,
    pooling,
    settings: {
      statement_timeout: String(statementTimeoutMs),
      ...(!isDurable && { synchronous_commit: 'off' }),
    },
  })
  const { pool } = connections
  /** Of the errors that were thrown those that say that PostgreSQL is away. */
  const awayErrors = new WeakSet<object>()

  const unavailable = (cause: unknown, { isAway, blocksWrites }: Pick<Failure, 'isAway' | 'blocksWrites'>) => {
    const message = blocksWrites
      ? 'Nothing can be changed at the moment. Try again shortly.'
      : 'The database cannot be reached. Try again shortly.'
    const error = new UnavailableError(message, databaseRetryAfterMs, { cause })
    if (isAway) awayErrors.add(error)
    return error
  }

  const take = async (firstAskedAtMs?: number): Promise<pg.PoolClient> => {
    try {
      return await connections.take(firstAskedAtMs)
    } catch (error) {
      if (error instanceof NoConnectionError) throw unavailable(error.cause, { isAway: true })
      if (error instanceof NoTurnError) throw unavailable(error, { isAway: error.isStuck })
      throw error
    }
  }

  const execute = async ({ isRepeatable = false, ...query }: Query): Promise<pg.QueryResult> => {
    const isRead = onlyReads(query)
    let deadlineMs = Infinity
    const askedAtMs = performance.now()
    for (let tries = 1; ; tries++) {
      const client = await take(tries === 1 ? undefined : askedAtMs)
      deadlineMs = Math.min(deadlineMs, performance.now() + answerTimeoutMs)
      try {
        const leftMs = Math.max(minTryMs, Math.round(deadlineMs - performance.now()))
        const result = await client.query({ ...query, query_timeout: leftMs } as pg.QueryConfig)
        connections.give(client, 'success', false)
        return result
      } catch (error) {
        const failure = failureOf(error)
        // An answer all the same: the connection stays in use.
        connections.give(client, failure.isAway ? 'failure' : 'success', failure.endsConnection)
        if (failure.treatment === 'ours') throw error
        if (failure.isStrange) connections.suspectPooler()
        // The leader may be found by new connections, and by no old one.
        const isStale = failure.blocksWrites === 'read-only' && tries === 1
        if (isStale) connections.renew()
        const isLost = failure.treatment === 'lost' && (isRepeatable || isRead) && tries <= maxLost
        const mayTry = failure.treatment === 'again' || isStale || isLost
        if (!mayTry || tries === maxTries || deadlineMs - performance.now() < minTryMs) {
          if (failure.blocksWrites) writability.refused(failure.blocksWrites)
          throw unavailable(error, failure)
        }
        if (failure.treatment === 'again') await sleep(Math.random() * firstPauseMs * 2 ** tries)
      }
    }
  }

  // While the database is away requests are refused at once, instead of piling up in the queue for a connection.
  const breaker = new CircuitBreaker(execute, {
    // Each wait inside has its own bound.
    timeout: false,
    resetTimeout: probeIntervalMs,
    volumeThreshold: failuresToOpen,
    errorThresholdPercentage: 50,
    // A constraint, say, is an answer: the database is there.
    errorFilter: (error: unknown) => !(typeof error === 'object' && error !== null && awayErrors.has(error)),
  })
  breaker.on('open', () => {
    logger.error('the database does not answer; requests are refused until it does')
  })
  breaker.on('close', () => {
    logger.info('the database answers again')
  })
  const guarded = async (query: Query): Promise<pg.QueryResult> => {
    try {
      return await breaker.fire(query)
    } catch (error) {
      if (CircuitBreaker.isOurError(error as Error)) throw unavailable(error, { isAway: true })
      throw error
    }
  }
  const writability = createWritability(
    guarded,
    () => {
      connections.renew()
    },
    logger,
  )
  // In the pool itself, so that what Prisma asks goes the same way.
  pool.query = guarded as typeof pool.query
  // Otherwise its messages quote the arguments of a call.
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), errorFormat: 'minimal' })

  return {
    async run({ name, text, isRepeatable }, values) {
      return (await guarded({ name, text, values, isRepeatable })).rows as never
    },
    prisma,
    check: () => writability.check(),
    async close() {
      writability.stop()
      breaker.shutdown()
      await prisma.$disconnect()
      await connections.close()
    },
  }
}
