import { createTestDatabase, type TestDatabase } from './database.ts'
import { startServer, type ServerOptions, type ServerProcess } from './server.ts'

export interface Pair {
  database: TestDatabase
  /** Two processes on one database and one Redis. */
  servers: [ServerProcess, ServerProcess]
  /** Where they listen. */
  urls: [string, string]
}

/** Starts two servers that behave as one; `second` is for settings that only the second has. */
export async function startPair(options: ServerOptions = {}, second: ServerOptions = {}): Promise<Pair> {
  const database = await createTestDatabase(undefined, options)
  const both = { ...options, databaseUrl: database.url }
  const servers = await Promise.all([startServer(both), startServer({ ...both, ...second })])
  return { database, servers, urls: [servers[0].url, servers[1].url] }
}
