import type { Bus } from '../bus/bus.ts'
import { RedisHealth } from '../bus/health.ts'
import { createInProcessBus } from '../bus/inprocess.ts'
import { createRedisBus } from '../bus/redis.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Siblings } from '../workers/worker.ts'
import type { Stops } from './stops.ts'

/** What the bus and presence share about Redis; each has connections of its own. */
export interface Redis {
  health: RedisHealth
  probeIntervalMs: number
  tls: Config['redisTls']
}

export function openBus(
  config: Config,
  siblings: Siblings | null,
  logger: Logger,
  stops: Stops,
): { bus: Bus; redis: Redis } {
  const redis = {
    health: new RedisHealth(logger),
    probeIntervalMs: config.redisProbeIntervalMs,
    tls: config.redisTls,
  }
  const alone = () => siblings?.openBus(logger) ?? createInProcessBus(logger)
  const bus = config.redisUrl === null ? alone() : createRedisBus(config.redisUrl, logger, redis)
  stops.add(() => bus.close())
  return { bus, redis }
}
