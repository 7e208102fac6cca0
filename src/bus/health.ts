import type { Logger } from '../telemetry/logger.ts'

/** What uses Redis, each with connections of its own. */
export type RedisPart = 'bus' | 'presence' | 'limits'

/**
 * Answers that say "not here" or "not now", as the server of a failover, of a full memory or of a new password gives them.
 * Such a server is as good as away, however well it answers. A script's error may have the command's own inside.
 */
const refusals =
  /(?:^|[\s-])(READONLY|LOADING|MASTERDOWN|NOREPLICAS|NOAUTH|WRONGPASS|OOM|MISCONF|CLUSTERDOWN|TRYAGAIN|MOVED|UNBLOCKED|BUSY)\s/
/** Of these a new connection may be free: it reaches another server, or says the password. */
const healedByReconnecting = new Set([
  'READONLY',
  'LOADING',
  'MASTERDOWN',
  'NOAUTH',
  'CLUSTERDOWN',
  'MOVED',
  'UNBLOCKED',
])

/** The code of an answer by which Redis says that it cannot be used; null for any other error. */
export const refusalIn = (error: Error): string | null => refusals.exec(error.message)?.[1] ?? null

export const isHealedByReconnecting = (refusal: string): boolean => healedByReconnecting.has(refusal)

/**
 * Whether Redis does for this process what it is there for. A connection is no proof of that: each part says that it works
 * once it has seen it work, and that it does not for whatever reason. One line of log for an outage, and one for its end.
 */
export class RedisHealth {
  private readonly problems = new Map<RedisPart, string | null>()
  private isDown = false

  constructor(private readonly logger: Logger | null) {}

  /** Of a part that has not been seen to work yet. */
  expect(part: RedisPart): void {
    this.problems.set(part, 'not connected yet')
  }

  works(part: RedisPart): void {
    this.problems.set(part, null)
    if (!this.isDown || [...this.problems.values()].some((problem) => problem !== null)) return
    this.isDown = false
    this.logger?.info('Redis is back')
  }

  lost(part: RedisPart, reason: string): void {
    this.problems.set(part, reason)
    if (this.isDown) return
    this.isDown = true
    this.logger?.warn({ part, reason }, 'Redis is unreachable; trying again until it is back')
  }

  isWorking(part: RedisPart): boolean {
    return this.problems.get(part) === null
  }
}
