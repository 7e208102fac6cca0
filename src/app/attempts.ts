import type { Config } from '../config.ts'
import { CountedAttempts, noAttemptsCounted, type Attempts } from '../domain/sessions/attempts.ts'
import { createInProcessCounters, RedisCounters } from '../ephemeral/counters.ts'
import type { Redis } from './bus.ts'
import type { Stops } from './stops.ts'

/** What counts logins and the like: in Redis for all processes, or in this one. */
export function openAttempts(config: Config, redis: Redis, stops: Stops): Attempts {
  if (!config.rateLimits) return noAttemptsCounted
  const { redisUrl: url, loginFailuresPerAddress, loginFailuresPerAccount, registrationsPerHour } = config
  const counters = url === null ? createInProcessCounters() : new RedisCounters({ ...redis, url })
  stops.add(() => counters.close())
  return new CountedAttempts({ counters, loginFailuresPerAddress, loginFailuresPerAccount, registrationsPerHour })
}
