import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import type { Logger } from '../../telemetry/logger.ts'
import { Connections, Sessions } from './connections.ts'
import { answerTimeoutMs, Lane, type OnRead, type Query } from './lane.ts'
import { PrismaClient } from '../generated/prisma/client.ts'
import type { Pooling } from './pooler.ts'
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
  /** A read that writes wait for: it is not to wait for reads. */
  goesWithWrites?: boolean
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

/** Who a statement is for: the person, when it is for one of them alone. */
export const soleOf = (personIds: readonly string[]): string | undefined => {
  const [first] = personIds
  return personIds.every((id) => id === first) ? first : undefined
}

export interface Database {
  /**
   * Runs one statement in its own transaction: one round trip. What PostgreSQL undid for the sake of somebody else is run
   * again. Rejects with UnavailableError within 2 s when the database cannot be reached or does not answer, and at once while
   * that lasts. A statement whose connection broke may have been committed all the same.
   *
   * `payer` is the person for whom it is: persons take turns, and rejects with RateLimitedError when too much of one waits.
   */
  run<Row extends pg.QueryResultRow>(statement: Statement, values: unknown[], payer?: string): Promise<Row[]>
  /** The pool of reads seen through Prisma, for the selections that the Pothos plugin plans. */
  prisma: PrismaClient
  /** Connections of each lane: how many are open, how many of these idle, and how many statements wait for one. */
  connections(): { lane: 'reads' | 'writes'; open: number; idle: number; waiting: number }[]
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
  onRead?: OnRead
}

/** What the database itself cuts off: more than we wait, so that a slow commit is not undone behind the client's back. */
const writeTimeoutMs = 5_000
/** Reads undo nothing: PostgreSQL ends them before we stop waiting, so that they neither go on nor cost the connection. */
const readTimeoutMs = answerTimeoutMs - 100
/** Of the connections those that serve writes; the others serve reads. */
const shareOfWrites = 0.4

/** A connection is needed for each lane: who has only one has one lane. */
const sizesOf = (poolSize: number) => {
  const writes = Math.max(1, Math.round(poolSize * shareOfWrites))
  return { writes, reads: poolSize - writes }
}

const isOfReads = ({ name, goesWithWrites = false }: Statement) => name.startsWith('read_') && !goesWithWrites

/**
 * Two lanes to PostgreSQL, for reads and for writes, so that neither waits for the other: docs/decisions/0047. Prisma reads by
 * the first of them; docs/decisions/0008 says why there are two doors.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { connectionString, poolSize, logger, isDurable = true } = options
  const sessions = new Sessions(connectionString, logger, options.pooling)
  const sizes = sizesOf(poolSize)
  const connect = (size: number, statementTimeoutMs: number) =>
    new Connections({
      connectionString,
      size,
      logger,
      answerTimeoutMs,
      sessions,
      settings: {
        statement_timeout: String(statementTimeoutMs),
        ...(!isDurable && { synchronous_commit: 'off' }),
      },
    })
  const toWrite = connect(sizes.writes, writeTimeoutMs)
  const toRead = sizes.reads === 0 ? toWrite : connect(sizes.reads, readTimeoutMs)
  const all = [...new Set([toWrite, toRead])]
  // Where PostgreSQL, or a pooler, gives fewer than there should be, neither lane keeps all of them.
  toWrite.onNoRoom = () => {
    toRead.makeRoom()
  }
  toRead.onNoRoom = () => {
    toWrite.makeRoom()
  }
  const renew = () => {
    for (const connections of all) connections.renew()
  }
  const shared = {
    lastAnswer: { atMs: -Infinity },
    logger,
    onRead: options.onRead ?? (() => undefined),
    onStrange: () => {
      sessions.suspectPooler()
    },
    onReadOnly: renew,
    onBlocked: (reason: 'read-only' | 'full') => {
      writability.refused(reason)
    },
  }
  const writes = new Lane({ ...shared, name: 'writes', connections: toWrite })
  const reads = new Lane({ ...shared, name: 'reads', connections: toRead })
  const writability = createWritability((query) => writes.run(query), renew, logger)
  // In the pool itself, so that what Prisma asks goes the same way.
  toRead.pool.query = ((query: Query) => reads.run(query)) as typeof toRead.pool.query
  // Otherwise its messages quote the arguments of a call.
  const prisma = new PrismaClient({ adapter: new PrismaPg(toRead.pool), errorFormat: 'minimal' })

  return {
    async run(statement, values, payer) {
      const { name, text, isRepeatable } = statement
      const lane = isOfReads(statement) ? reads : writes
      return (await lane.run({ name, text, values, isRepeatable, payer })).rows as never
    },
    prisma,
    connections: () => [
      { lane: 'writes', ...toWrite.counts },
      ...(toRead === toWrite ? [] : [{ lane: 'reads' as const, ...toRead.counts }]),
    ],
    check: () => writability.check(),
    async close() {
      writability.stop()
      writes.stop()
      reads.stop()
      await prisma.$disconnect()
      for (const connections of all) await connections.close()
    },
  }
}
