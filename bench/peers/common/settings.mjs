// Settings of every peer (bench/README.md has the contract), and how it announces that it is ready.
import process from 'node:process'

// The harness sets all of them.
/** @type {Record<string, any>} */
const env = process.env

export const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, JWT_SECRET: jwtSecret, HOST: host = '127.0.0.1' } = env
/** How unread messages are counted: by Parley's function for each row, or by an expression that is planned with the statement. */
export const countsInline = env.COUNT_UNREAD === 'inline'
export const port = Number(process.env.PORT)

/** Connections to PostgreSQL: the same for every contender. */
export const poolSize = 10

/** The same as fastify's default: a client that pauses between two measurements keeps its connection. */
export const keepAliveTimeoutMs = 72_000

export function announce() {
  console.log(`listening ${String(port)}`)
  process.once('SIGTERM', () => process.exit(0))
}
