import { createTestDatabase, type TestDatabase } from './database.ts'
import { startPair, type Pair } from './pair.ts'
import { startServer, type ServerProcess } from './server.ts'

/*
 * Servers that live as long as the worker, for test files that leave them as they are: each signs up people of its own, and
 * none ends a server, changes its settings, or counts rows of the whole database.
 */

interface One {
  server: ServerProcess
  database: TestDatabase
}

const lasting = { isShared: true }

async function startOne(): Promise<One> {
  const database = await createTestDatabase(undefined, lasting)
  return { database, server: await startServer({ databaseUrl: database.url, redisUrl: null, ...lasting }) }
}

let one: Promise<One> | undefined
let pair: Promise<Pair> | undefined

/** One process without Redis. */
export const sharedServer = (): Promise<One> => (one ??= startOne())

/** Two processes on the Redis of all tests. */
export const sharedPair = (): Promise<Pair> => (pair ??= startPair(lasting))
