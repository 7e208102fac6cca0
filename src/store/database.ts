import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from './generated/prisma/client.ts'
import type { Logger } from '../telemetry/logger.ts'

/** A fixed statement. Its name makes PostgreSQL keep the plan on each connection; the text never changes under a name. */
export interface Statement {
  name: string
  text: string
}

export interface Database {
  /** Runs one statement in its own transaction: one round trip. */
  run<Row extends pg.QueryResultRow>(statement: Statement, values: unknown[]): Promise<Row[]>
  /** The same pool seen through Prisma, for the selections that the Pothos plugin plans. */
  prisma: PrismaClient
  close(): Promise<void>
}

export interface DatabaseOptions {
  connectionString: string
  poolSize: number
  logger: Logger
}

/** One pool serves Prisma and our own statements alike; docs/decisions/0008 says why there are two doors. */
export function createDatabase({ connectionString, poolSize, logger }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString,
    max: poolSize,
    connectionTimeoutMillis: 2_500,
    idleTimeoutMillis: 60_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
    application_name: 'parley',
  })
  // Without a listener the loss of an idle connection would end the process; the pool replaces it by itself.
  pool.on('error', (error) => {
    logger.warn({ err: error }, 'an idle database connection was lost')
  })
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  return {
    run: async (statement, values) =>
      (await pool.query({ name: statement.name, text: statement.text, values })).rows as never,
    prisma,
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}
