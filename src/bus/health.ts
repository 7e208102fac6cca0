import type { Logger } from '../telemetry/logger.ts'

/** What uses Redis, each with connections of its own. */
export type RedisPart = 'bus' | 'presence' | 'limits'

/**
 * Errors that mean "not here" or "not now", as a server gives them after a failover, with full memory or with a new
 * password. Such a server counts as away, however quickly it answers. The error of a script may contain that of the
 * command; "non local key" is that of a script whose slot is moving to another node of a cluster.
 */
const refusals =
  /(?:^|[\s-])(READONLY|LOADING|MASTERDOWN|NOREPLICAS|NOAUTH|WRONGPASS|OOM|MISCONF|CLUSTERDOWN|TRYAGAIN|MOVED|UNBLOCKED|BUSY)\s|(non local key)/
/** Errors that a new connection may put right: it reaches another server, or sends the password. */
const healedByReconnecting = new Set([
  'READONLY',
  'LOADING',
  'MASTERDOWN',
  'NOAUTH',
  'CLUSTERDOWN',
  'MOVED',
  'UNBLOCKED',
])

/** The code of an error by which Redis says that it cannot be used; null for any other error. */
export function refusalIn(error: Error): string | null {
  const [, code, phrase] = refusals.exec(error.message) ?? []
  return code ?? phrase ?? null
}

export const isHealedByReconnecting = (refusal: string): boolean => healedByReconnecting.has(refusal)

/**
 * Whether Redis works for this process. A connection does not prove it: each part reports that it works once a probe has
 * succeeded, and that it does not when anything fails. Logs one line when an outage begins, and one when it ends.
 */
export class RedisHealth {
  private readonly problems = new Map<RedisPart, string | null>()
  private isDown = false

  constructor(private readonly logger: Logger | null) {}

  /** For a part that has not been seen to work yet. */
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
