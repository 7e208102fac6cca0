import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { startProxy, type Proxy } from './proxy.ts'
import { startServer, type ServerOptions, type ServerProcess } from './server.ts'

export interface Proxied {
  database: TestDatabase
  /** In front of PostgreSQL, for the first server only. */
  proxy: Proxy
  /** The first server reaches PostgreSQL through the proxy, the second one directly. */
  servers: [ServerProcess, ServerProcess]
  urls: [string, string]
}

/** Starts two servers on one database and one Redis; the first reaches PostgreSQL through a proxy. */
export async function startProxied(options: ServerOptions = {}): Promise<Proxied> {
  const database = await createTestDatabase()
  const proxy = await startProxy(Number(new URL(database.url).port))
  const throughProxy = Object.assign(new URL(database.url), { port: String(proxy.port) }).href
  const servers = await Promise.all([
    startServer({ ...options, databaseUrl: throughProxy }),
    startServer({ ...options, databaseUrl: database.url }),
  ])
  return { database, proxy, servers, urls: [servers[0].url, servers[1].url] }
}

export interface Health {
  status: number
  body: { ready: boolean; status: string; checks: Record<string, string> }
}

export async function readiness(server: ServerProcess): Promise<Health> {
  const response = await fetch(new URL('/health/ready', server.url))
  return { status: response.status, body: (await response.json()) as Health['body'] }
}

/** Resolves when the server reports `status`. */
export async function untilReadiness(server: ServerProcess, status: string): Promise<void> {
  await expect.poll(async () => (await readiness(server)).body.status, { timeout: 20_000 }).toBe(status)
}

const established = '01'

/**
 * Number of connections to a port of this machine that neither end has closed. Asked from the kernel, because a stalled
 * proxy does not read, and so does not notice that a connection was closed. Linux only: null elsewhere.
 */
export function openConnections(port: number): number | null {
  if (process.platform !== 'linux') return null
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return rows.filter(([, local, , state]) => local?.endsWith(`:${hexPort}`) && state === established).length
}
