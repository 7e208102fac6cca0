import { setTimeout as sleep } from 'node:timers/promises'
import CircuitBreaker from 'opossum'
import type pg from 'pg'
import { RateLimitedError, UnavailableError } from '../../domain/errors.ts'
import { laneSwitched, limited, stated } from '../../telemetry/facts.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { NoConnectionError, type Connections } from './connections.ts'
import { databaseRetryAfterMs, failureOf, type Failure } from './failures.ts'
import { NoTurnError, TooManyWaitError } from './turns.ts'

/** Clients are promised an answer in 3 s; the rest of that is for the way and for a busy process. */
export const answerTimeoutMs = 2_000
/** Milliseconds between tries while the database is away. */
const probeIntervalMs = 1_000
/** Failures in ten seconds, and half of all, before the database counts as away; below that a hiccup would cut everybody off. */
const failuresToOpen = 5
const maxTries = 6
/** Connections that break under one statement: others of the pool may have broken with the first. */
const maxLost = 3
/** Milliseconds, doubled with each try, of which chance takes a part: those who met would meet again. */
const firstPauseMs = 4
/** Less time than this is not worth another try. */
const minTryMs = 100

export interface Query extends pg.QueryConfig {
  isRepeatable?: boolean
  /** The person for whom it is. */
  payer?: string
}

/** Prisma's reads have no name. */
const onlyReads = ({ name, text }: Query) =>
  name === undefined ? /^\s*SELECT\b/i.test(text) : name.startsWith('read_')

/** When PostgreSQL answered anybody last, on either lane. */
export interface LastAnswer {
  atMs: number
}

export interface LaneOptions {
  name: 'reads' | 'writes'
  connections: Connections
  lastAnswer: LastAnswer
  logger: Logger
  /** A session was not the one that was left. */
  onStrange: () => void
  onReadOnly: () => void
  onBlocked: (reason: 'read-only' | 'full') => void
  onRead: OnRead
}

/** Told how many bytes PostgreSQL answered a statement with, for whom it was: to read them takes processor time. */
export type OnRead = (payer: string | undefined, byteSize: number) => void

/** Of everything that the connection has received; pg's types do not have it. */
const receivedByteSize = (client: pg.ClientBase): number =>
  (client as unknown as { connection: { stream: { bytesRead: number } } }).connection.stream.bytesRead

/**
 * The way of statements of one kind to PostgreSQL: connections in turns, and a breaker, which refuses them at once while
 * PostgreSQL is away. It is away when nothing of anybody's succeeds: a statement that takes too long by itself, or a lock
 * that one conversation waits for, is the trouble of those alone who asked for it.
 */
export class Lane {
  /** Of the errors that were thrown those that say that PostgreSQL is away. */
  private readonly awayErrors = new WeakSet<object>()
  private readonly breaker: CircuitBreaker<[Query], pg.QueryResult>

  constructor(private readonly options: LaneOptions) {
    const { name, logger } = options
    // While the database is away requests are refused at once, instead of piling up in the queue for a connection.
    this.breaker = new CircuitBreaker((query: Query) => this.execute(query), {
      // Each wait inside has its own bound.
      timeout: false,
      resetTimeout: probeIntervalMs,
      volumeThreshold: failuresToOpen,
      errorThresholdPercentage: 50,
      // A constraint, say, is an answer: the database is there.
      errorFilter: (error: unknown) => !(typeof error === 'object' && error !== null && this.awayErrors.has(error)),
    })
    this.breaker.on('open', () => {
      logger.error(
        { event: 'database.away', statements: name },
        'the database does not answer; requests are refused until it does',
      )
      if (laneSwitched.hasSubscribers) laneSwitched.publish({ lane: name, isOpen: false })
    })
    this.breaker.on('close', () => {
      logger.info({ event: 'database.back', statements: name }, 'the database answers again')
      if (laneSwitched.hasSubscribers) laneSwitched.publish({ lane: name, isOpen: true })
    })
    // Not somebody's statement, which may be slow by itself and would keep all others out.
    this.breaker.on('halfOpen', () => {
      this.breaker.fire({ text: 'SELECT 1' }).catch(() => undefined)
    })
  }

  async run(query: Query): Promise<pg.QueryResult> {
    const startedAtMs = performance.now()
    const tell = (isAnswered: boolean) => {
      if (!stated.hasSubscribers) return
      const name = query.name ?? /\w+/.exec(query.text)?.[0] ?? ''
      stated.publish({ lane: this.options.name, name, durationMs: performance.now() - startedAtMs, isAnswered })
    }
    try {
      const result = await this.breaker.fire(query)
      tell(true)
      return result
    } catch (error) {
      tell(false)
      if (CircuitBreaker.isOurError(error as Error)) throw this.unavailable(error, { isAway: true })
      throw error
    }
  }

  stop(): void {
    this.breaker.shutdown()
  }

  private async execute({ isRepeatable = false, payer, ...query }: Query): Promise<pg.QueryResult> {
    const { connections, lastAnswer } = this.options
    const isRead = onlyReads(query)
    let deadlineMs = Infinity
    const askedAtMs = performance.now()
    for (let tries = 1; ; tries++) {
      const client = await this.take(askedAtMs, payer, tries > 1)
      const startedAtMs = performance.now()
      deadlineMs = Math.min(deadlineMs, startedAtMs + answerTimeoutMs)
      try {
        const leftMs = Math.max(minTryMs, Math.round(deadlineMs - startedAtMs))
        const receivedBefore = receivedByteSize(client)
        const result = await client.query({ ...query, query_timeout: leftMs } as pg.QueryConfig)
        lastAnswer.atMs = performance.now()
        this.options.onRead(payer, receivedByteSize(client) - receivedBefore)
        connections.give(client, 'success', false, payer)
        return result
      } catch (error) {
        const failure = this.judge(error, startedAtMs)
        // An answer all the same: the connection stays in use.
        connections.give(client, failure.isAway ? 'failure' : 'success', failure.endsConnection, payer)
        if (failure.treatment === 'ours') throw error
        if (failure.isStrange) this.options.onStrange()
        // The leader may be found by new connections, and by no old one.
        const isStale = failure.blocksWrites === 'read-only' && tries === 1
        if (isStale) this.options.onReadOnly()
        const isLost = failure.treatment === 'lost' && (isRepeatable || isRead) && tries <= maxLost
        const mayTry = failure.treatment === 'again' || isStale || isLost
        if (!mayTry || tries === maxTries || deadlineMs - performance.now() < minTryMs) {
          if (failure.blocksWrites) this.options.onBlocked(failure.blocksWrites)
          throw this.unavailable(error, failure)
        }
        if (failure.treatment === 'again') await sleep(Math.random() * firstPauseMs * 2 ** tries)
      }
    }
  }

  private async take(askedAtMs: number, payer: string | undefined, isAgain: boolean): Promise<pg.PoolClient> {
    try {
      return await this.options.connections.take({ payer, firstAskedAtMs: isAgain ? askedAtMs : undefined })
    } catch (error) {
      if (error instanceof NoConnectionError) throw this.unavailable(error.cause, { isAway: true })
      if (error instanceof NoTurnError)
        throw this.unavailable(error, { isAway: error.isStuck && this.isSilentSince(askedAtMs) })
      if (error instanceof TooManyWaitError) {
        if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'statements-per-person', payer })
        throw new RateLimitedError(databaseRetryAfterMs)
      }
      throw error
    }
  }

  private judge(error: unknown, startedAtMs: number): Failure {
    const failure = failureOf(error)
    return failure.isTimeout && !this.isSilentSince(startedAtMs) ? { ...failure, isAway: false } : failure
  }

  /** Whether nothing of anybody's was answered from then on. */
  private isSilentSince(atMs: number): boolean {
    return this.options.lastAnswer.atMs < atMs
  }

  private unavailable(cause: unknown, { isAway, blocksWrites, isTimeout }: Partial<Failure>): UnavailableError {
    const error = new UnavailableError(messageOf({ isAway, blocksWrites, isTimeout }), databaseRetryAfterMs, { cause })
    if (isAway) this.awayErrors.add(error)
    return error
  }
}

function messageOf({ isAway, blocksWrites, isTimeout }: Partial<Failure>): string {
  if (blocksWrites) return 'Nothing can be changed at the moment. Try again shortly.'
  if (isTimeout && !isAway) return 'This took too long and was given up. Try again shortly, or ask for less.'
  return 'The database cannot be reached. Try again shortly.'
}
