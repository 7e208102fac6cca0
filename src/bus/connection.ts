import { setTimeout as delay } from 'node:timers/promises'
import type { Redis, RedisOptions } from 'ioredis'

const maxReconnectDelayMs = 1_000
/** A connection that leaves a command unanswered for this long counts as lost. */
const socketTimeoutMs = 2_000
/** A connection may be idle for long; without a ping a half-open one would look connected. */
const pingIntervalMs = 5_000
const quitTimeoutMs = 500

/** For every connection to Redis. */
export const connectionOptions: RedisOptions = {
  connectTimeout: 5_000,
  socketTimeout: socketTimeoutMs,
  keepAlive: 10_000,
  retryStrategy: (attempt) => Math.min(attempt * 100, maxReconnectDelayMs),
}

/** For one whose commands are not worth waiting for. */
export const neverQueue: RedisOptions = {
  enableOfflineQueue: false,
  // Lost connection: what was under way is rejected, not kept for the next connection.
  maxRetriesPerRequest: 0,
}

export function keepPinging(clients: readonly Redis[]): NodeJS.Timeout {
  return setInterval(() => {
    // socketTimeout ends a connection that does not answer; the reply itself is of no interest.
    for (const client of clients) if (client.status === 'ready') client.ping().catch(() => undefined)
  }, pingIntervalMs).unref()
}

export async function endConnection(client: Redis): Promise<void> {
  if (client.status === 'ready') await Promise.race([client.quit().catch(() => undefined), delay(quitTimeoutMs)])
  client.disconnect()
}
