import { createTestDatabase, type TestDatabase } from './database.ts'
import { startServer, type ServerOptions, type ServerProcess } from './server.ts'

export interface Pair {
  database: TestDatabase
  /** Two processes on one database and one Redis. */
  servers: [ServerProcess, ServerProcess]
  /** Their addresses. */
  urls: [string, string]
}

/** Starts two servers of one deployment; `second` has settings for the second server only. */
export async function startPair(options: ServerOptions = {}, second: ServerOptions = {}): Promise<Pair> {
  const database = await createTestDatabase(undefined, options)
  const both = { ...options, databaseUrl: database.url }
  const servers = await Promise.all([startServer(both), startServer({ ...both, ...second })])
  return { database, servers, urls: [servers[0].url, servers[1].url] }
}
