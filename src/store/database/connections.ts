import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from '../../telemetry/logger.ts'
import { PoolerError, probePooler, type Pooling } from './pooler.ts'
import { clientConfig, createSettle } from './session.ts'
import { typeParsers } from '../timestamps.ts'
import { createTurns } from './turns.ts'

export interface ConnectionsOptions {
  connectionString: string
  size: number
  logger: Logger
  /** What sessions are set to besides what all are. */
  settings: Record<string, string>
  answerTimeoutMs: number
  /** How sessions are handed out, if that is known. */
  pooling?: Pooling
}

/** A connection could not be had. Nothing was asked of it. */
export class NoConnectionError extends Error {
  override name = 'NoConnectionError'
  constructor(cause: unknown) {
    super('no connection to the database', { cause })
  }
}

export interface Connections {
  /** For Prisma, which needs pg's own. Its `query` is to be replaced. */
  pool: pg.Pool
  /**
   * A connection when it is one's turn. Rejects with NoTurnError or NoConnectionError. While there is a connection at all a
   * refused one more is no reason to fail: it is waited for one of those.
   */
  take(firstAskedAtMs?: number): Promise<pg.PoolClient>
  give(client: pg.PoolClient, outcome: 'success' | 'failure', isOver: boolean): void
  /** A statement met a session that was not its own: how they are handed out has to be found out anew. */
  suspectPooler(): void
  /** From now on no connection that was opened before is used, at most once a second. */
  renew(): void
  close(): Promise<void>
}

const connectTimeoutMs = 1_500
/** Milliseconds that a lone process waits for a connection while others have all that there are. */
const refusedPatienceMs = 1_500
const refusedPauseMs = 60
/** Connections that are tried for one statement while there are others. */
const maxTries = 3
const recoverAfterMs = 5_000
/** Everybody waits their turn as long as the database answers somebody, but no longer than this. */
const maxWaitMs = 5_000
const renewIntervalMs = 1_000
const probeAgainAfterMs = 5_000

const codeOf = (error: unknown) => (error as { code?: unknown }).code
/** There may be one in a moment: all are in use (53300), or a pooler's own words for that. */
const mayBeFreed = (error: unknown) => ['53300', '08P01', '08004'].includes(String(codeOf(error)))

/** The pool of pg, steered: it asks for more connections than there may be, and fails those who wait when it gets fewer. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { connectionString, size, logger, settings, answerTimeoutMs } = options
  const turns = createTurns({ size, patienceMs: connectTimeoutMs, maxWaitMs, recoverAfterMs })
  const settle = createSettle(settings)
  const openedAtMs = new WeakMap<pg.ClientBase, number>()
  let openCount = 0
  let renewedAtMs = -Infinity
  let pooling = options.pooling && Promise.resolve(options.pooling)
  let isShared = options.pooling === 'by transaction'
  /** Because of a pooler, and it was said. */
  let isRefused = false
  let closing = false

  /** Once, and anew when it went wrong: somebody may have put one there since, or mended it. */
  const probe = () => {
    pooling ??= probePooler(connectionString).then(
      (found) => {
        isRefused = false
        return found
      },
      (error: unknown) => {
        const isFinal = error instanceof PoolerError
        if (isFinal && !isRefused) logger.error(`The database is refused: ${error.message}.`)
        isRefused = isFinal
        setTimeout(() => (pooling = undefined), isFinal ? probeAgainAfterMs : 0).unref()
        throw error
      },
    )
    return pooling
  }

  const settleNew = async (client: pg.ClientBase) => {
    openedAtMs.set(client, performance.now())
    // What comes while somebody uses it is told by the statement; without a listener it would end the process.
    client.on('error', () => undefined)
    // A session that others use too is left as it is.
    if (isShared) return
    const { isPooled } = await settle(client)
    if (isPooled) isShared = (await probe()) === 'by transaction'
  }

  const config: Omit<pg.PoolConfig, 'onConnect'> & { onConnect: (client: pg.ClientBase) => Promise<void> } = {
    ...clientConfig(connectionString),
    // pg-pool waits for it before anybody gets the connection, Prisma included; @types/pg does not say so.
    onConnect: settleNew,
    max: size,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: answerTimeoutMs,
    idleTimeoutMillis: 60_000,
    types: typeParsers(),
  }
  const pool = new pg.Pool(config)
  pool.on('connect', () => {
    openCount++
    turns.raise(openCount)
  })
  pool.on('remove', () => openCount--)
  // Without a listener the loss of an idle connection would end the process; the pool replaces it by itself.
  pool.on('error', ({ message }) => {
    // Not the error itself, which carries the whole client along.
    if (!closing) logger.warn({ reason: message }, 'an idle database connection was lost')
  })

  const connect = async (): Promise<pg.PoolClient> => {
    for (;;) {
      const client = await pool.connect()
      if ((openedAtMs.get(client) ?? 0) >= renewedAtMs) return client
      client.release(true)
    }
  }

  return {
    pool,
    async take(firstAskedAtMs) {
      const askedAtMs = performance.now()
      for (let tries = 1; ; tries++) {
        await turns.take(tries === 1 ? firstAskedAtMs : askedAtMs)
        try {
          return await connect()
        } catch (error) {
          const hasOthers = openCount > 0
          const mayWait = hasOthers
            ? tries < maxTries
            : mayBeFreed(error) && performance.now() - askedAtMs < refusedPatienceMs
          if (mayWait) turns.lower(openCount)
          // With nobody else's to wait for the turn is kept: one at a time asks, and not all who wait.
          if (mayWait && !hasOthers) await sleep(refusedPauseMs * (1 + Math.random()))
          turns.give('failure')
          if (!mayWait) throw new NoConnectionError(error)
        }
      }
    },
    give(client, outcome, isOver) {
      client.release(isOver)
      turns.give(outcome)
    },
    renew() {
      const now = performance.now()
      if (now - renewedAtMs >= renewIntervalMs) renewedAtMs = now
    },
    suspectPooler() {
      pooling = undefined
      isShared = false
    },
    async close() {
      closing = true
      turns.stop()
      await pool.end()
    },
  }
}
