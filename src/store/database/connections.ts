import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from '../../telemetry/logger.ts'
import { PoolerError, probePooler, type Pooling } from './pooler.ts'
import { clientConfig, createSettle } from './session.ts'
import { typeParsers } from '../timestamps.ts'
import { Turns, type Asking } from './turns.ts'

export interface ConnectionsOptions {
  connectionString: string
  size: number
  logger: Logger
  /** What sessions are set to besides what all are. */
  settings: Record<string, string>
  answerTimeoutMs: number
  sessions: Sessions
}

/** A connection could not be had. Nothing was asked of it. */
export class NoConnectionError extends Error {
  override name = 'NoConnectionError'
  constructor(cause: unknown) {
    super('no connection to the database', { cause })
  }
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

/** How sessions are handed out, which is the same for all pools of one database. */
export class Sessions {
  /** Whether several of us share one: it is left as it is then. */
  isShared: boolean
  private pooling: Promise<Pooling> | undefined
  /** Because of a pooler, and it was said. */
  private isRefused = false

  constructor(
    private readonly connectionString: string,
    private readonly logger: Logger,
    /** If that is known. */
    pooling?: Pooling,
  ) {
    this.pooling = pooling && Promise.resolve(pooling)
    this.isShared = pooling === 'by transaction'
  }

  /** Something stands between. */
  async foundPooler(): Promise<void> {
    this.isShared = (await this.probe()) === 'by transaction'
  }

  /** A statement met a session that was not its own: how they are handed out has to be found out anew. */
  suspectPooler(): void {
    this.pooling = undefined
    this.isShared = false
  }

  /** Once, and anew when it went wrong: somebody may have put one there since, or mended it. */
  private probe(): Promise<Pooling> {
    this.pooling ??= probePooler(this.connectionString).then(
      (found) => {
        this.isRefused = false
        return found
      },
      (error: unknown) => {
        const isFinal = error instanceof PoolerError
        if (isFinal && !this.isRefused) this.logger.error(`The database is refused: ${error.message}.`)
        this.isRefused = isFinal
        setTimeout(() => (this.pooling = undefined), isFinal ? probeAgainAfterMs : 0).unref()
        throw error
      },
    )
    return this.pooling
  }
}

/** The pool of pg, steered: it asks for more connections than there may be, and fails those who wait when it gets fewer. */
export class Connections {
  /** For Prisma, which needs pg's own. Its `query` is to be replaced. */
  readonly pool: pg.Pool
  private readonly turns: Turns
  private readonly settle: ReturnType<typeof createSettle>
  private readonly openedAtMs = new WeakMap<pg.ClientBase, number>()
  private openCount = 0
  private renewedAtMs = -Infinity
  private closing = false
  /** Connections that are to be closed for another pool's sake. */
  private unneeded = 0
  /** Called when there is no connection at all, and no room for one: another pool may have some. */
  onNoRoom: () => void = () => undefined

  constructor(private readonly options: ConnectionsOptions) {
    const { connectionString, size, logger, settings, answerTimeoutMs } = options
    this.turns = new Turns({ size, patienceMs: connectTimeoutMs, maxWaitMs, recoverAfterMs })
    this.settle = createSettle(settings)
    const config: Omit<pg.PoolConfig, 'onConnect'> & { onConnect: (client: pg.ClientBase) => Promise<void> } = {
      ...clientConfig(connectionString),
      // pg-pool waits for it before anybody gets the connection, Prisma included; @types/pg does not say so.
      onConnect: (client) => this.settleNew(client),
      max: size,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: answerTimeoutMs,
      idleTimeoutMillis: 60_000,
      types: typeParsers(),
    }
    this.pool = new pg.Pool(config)
    this.pool.on('connect', () => {
      this.openCount++
      this.turns.raise(this.openCount)
    })
    this.pool.on('remove', () => this.openCount--)
    // Without a listener the loss of an idle connection would end the process; the pool replaces it by itself.
    this.pool.on('error', ({ message }) => {
      // Not the error itself, which carries the whole client along.
      if (!this.closing) logger.warn({ reason: message }, 'an idle database connection was lost')
    })
  }

  /**
   * A connection when it is one's turn. Rejects with NoTurnError, TooManyWaitError or NoConnectionError. While there is a
   * connection at all a refused one more is no reason to fail: it is waited for one of those.
   */
  async take({ payer, firstAskedAtMs }: Asking = {}): Promise<pg.PoolClient> {
    const askedAtMs = performance.now()
    for (let tries = 1; ; tries++) {
      await this.turns.take({ payer, firstAskedAtMs: tries === 1 ? firstAskedAtMs : askedAtMs })
      try {
        return await this.connect()
      } catch (error) {
        const hasOthers = this.openCount > 0
        const mayWait = hasOthers
          ? tries < maxTries
          : mayBeFreed(error) && performance.now() - askedAtMs < refusedPatienceMs
        if (mayWait) this.turns.lower(this.openCount)
        if (mayWait && !hasOthers) this.onNoRoom()
        // With nobody else's to wait for the turn is kept: one at a time asks, and not all who wait.
        if (mayWait && !hasOthers) await sleep(refusedPauseMs * (1 + Math.random()))
        this.turns.give('failure', payer)
        if (!mayWait) throw new NoConnectionError(error)
      }
    }
  }

  give(client: pg.PoolClient, outcome: 'success' | 'failure', isOver: boolean, payer?: string): void {
    const isUnneeded = this.unneeded > 0 && this.openCount > 1
    this.unneeded = 0
    client.release(isOver || isUnneeded)
    this.turns.give(outcome, payer)
  }

  /** Closes one of several connections as soon as it is free, for a pool that has none. */
  makeRoom(): void {
    if (this.openCount < 2) return
    this.turns.lower(this.openCount - 1)
    if (this.pool.idleCount === 0) this.unneeded = 1
    else
      this.pool.connect().then(
        (client) => {
          client.release(true)
        },
        () => undefined,
      )
  }

  /** From now on no connection that was opened before is used, at most once a second. */
  renew(): void {
    const now = performance.now()
    if (now - this.renewedAtMs >= renewIntervalMs) this.renewedAtMs = now
  }

  get counts(): { open: number; idle: number; waiting: number } {
    return { open: this.openCount, idle: this.pool.idleCount, waiting: this.turns.waitingCount }
  }

  async close(): Promise<void> {
    this.closing = true
    this.turns.stop()
    await this.pool.end()
  }

  private async settleNew(client: pg.ClientBase): Promise<void> {
    const { sessions } = this.options
    this.openedAtMs.set(client, performance.now())
    // What comes while somebody uses it is told by the statement; without a listener it would end the process.
    client.on('error', () => undefined)
    // A session that others use too is left as it is.
    if (sessions.isShared) return
    const { isPooled } = await this.settle(client)
    if (isPooled) await sessions.foundPooler()
  }

  private async connect(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.pool.connect()
      if ((this.openedAtMs.get(client) ?? 0) >= this.renewedAtMs) return client
      client.release(true)
    }
  }
}
