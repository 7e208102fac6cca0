import type { Bus } from '../bus/bus.ts'
import { topics } from '../bus/topics.ts'
import type { Config } from '../config.ts'
import { createDevices, type Devices } from '../domain/presence/devices.ts'
import { createPresence, type Presence } from '../domain/presence/presence.ts'
import { startPresenceSweep } from '../domain/presence/sweep.ts'
import { startPresenceWatch, type PresenceWatch } from '../domain/presence/watch.ts'
import type { SessionWatch } from '../domain/sessions/session-watch.ts'
import { createInProcessPresence } from '../ephemeral/inprocess.ts'
import type { PresenceStates } from '../ephemeral/presence.ts'
import { createRedisPresence } from '../ephemeral/redis.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Siblings } from '../workers/worker.ts'
import type { Redis } from './bus.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

export interface PresenceParts {
  states: PresenceStates
  devices: Devices
  presenceWatch: PresenceWatch
  presence: Presence
}

export interface PresenceNeeds {
  bus: Bus
  redis: Redis
  storage: Storage
  watch: SessionWatch
  siblings: Siblings | null
}

/** The store of presence, the reports of the devices connected here, and the watch that informs subscribers of changes. */
export async function startPresence(
  config: Config,
  { bus, redis, storage, watch, siblings }: PresenceNeeds,
  logger: Logger,
  stops: Stops,
): Promise<PresenceParts> {
  const announce = (userIds: string[]) =>
    void bus.publish(topics.presence, JSON.stringify(userIds)).catch(() => undefined)
  const states =
    config.redisUrl === null
      ? (siblings?.presence ?? createInProcessPresence({ announce }))
      : createRedisPresence({ ...redis, url: config.redisUrl })
  stops.add(() => states.close())
  const devices = createDevices({ states, watch, logger })
  stops.add(() => devices.stop())
  const parts = { states, devices, store: storage.presence, people: storage.people, logger }
  const sweep = startPresenceSweep({ ...parts, intervalMs: config.presenceIntervalMs })
  stops.add(() => sweep.stop())
  const presenceWatch = await startPresenceWatch({ ...parts, bus })
  stops.add(() => {
    presenceWatch.stop()
  })
  return { states, devices, presenceWatch, presence: createPresence({ ...parts, presenceWatch, watch }) }
}
