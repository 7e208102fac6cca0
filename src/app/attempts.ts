import type { Config } from '../config.ts'
import { UsageLimits } from '../domain/limits/usage-limits.ts'
import { CountedAttempts, noAttemptsCounted, type Attempts } from '../domain/sessions/attempts.ts'
import { createInProcessCounters, RedisCounters } from '../ephemeral/counters.ts'
import type { Redis } from './bus.ts'
import type { Stops } from './stops.ts'

export interface Counted {
  attempts: Attempts
  /** Null where nothing is counted. */
  usage: UsageLimits | null
}

/** What counts logins and what people do: in Redis for all processes, or in this one. */
export function openCounted(config: Config, redis: Redis, stops: Stops): Counted {
  if (!config.rateLimits) return { attempts: noAttemptsCounted, usage: null }
  const {
    redisUrl: url,
    loginFailuresPerAddress,
    loginFailuresPerAccount,
    registrationsPerHour,
    loginsPerMinute,
  } = config
  const counters = url === null ? createInProcessCounters() : new RedisCounters({ ...redis, url })
  stops.add(() => counters.close())
  const limits = { loginFailuresPerAddress, loginFailuresPerAccount, registrationsPerHour, loginsPerMinute }
  return { attempts: new CountedAttempts({ counters, ...limits }), usage: new UsageLimits(counters, config.usageRules) }
}
