import type { Config } from '../config.ts'
import { Rates } from '../domain/limits/rates.ts'
import { UsageLimits } from '../domain/limits/usage-limits.ts'
import { CountedAttempts, noAttemptsCounted, type Attempts } from '../domain/sessions/attempts.ts'
import { createInProcessCounters, RedisCounters } from '../ephemeral/counters.ts'
import type { Siblings } from '../workers/worker.ts'
import type { Redis } from './bus.ts'
import type { Stops } from './stops.ts'

export interface Counted {
  attempts: Attempts
  /** Null where nothing is counted. */
  usage: UsageLimits | null
  rates: Rates
}

/** What counts logins and what people do: in Redis for all processes, or in this one. */
export function openCounted(config: Config, redis: Redis, siblings: Siblings | null, stops: Stops): Counted {
  const rates = new Rates()
  if (!config.rateLimits) return { attempts: noAttemptsCounted, usage: null, rates }
  const {
    redisUrl: url,
    loginFailuresPerAddress,
    loginFailuresPerAccount,
    registrationsPerHour,
    loginsPerMinute,
    loginsPerQuarterHour,
  } = config
  const alone = () => siblings?.counters ?? createInProcessCounters()
  const counters = url === null ? alone() : new RedisCounters({ ...redis, url })
  stops.add(() => counters.close())
  const perPeriod = { registrationsPerHour, loginsPerMinute, loginsPerQuarterHour }
  const limits = { loginFailuresPerAddress, loginFailuresPerAccount, ...perPeriod, rates }
  const usage = new UsageLimits(counters, config.usageRules, rates)
  return { attempts: new CountedAttempts({ counters, ...limits }), usage, rates }
}
