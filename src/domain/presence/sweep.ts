import type { PresenceStates } from '../../ephemeral/presence.ts'
import { startRounds, type Rounds } from '../../flow/rounds.ts'
import type { PresenceStore } from '../../store/presence.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Devices } from './devices.ts'

export interface PresenceSweepOptions {
  states: PresenceStates
  devices: Devices
  store: PresenceStore
  intervalMs: number
  logger: Logger
}

/** Milliseconds for devices to report again after Redis was away, before missing ones count as gone. */
export const graceMs = 16_000
/** Most batches in one round; a longer backlog is continued in the next. */
const maxBatches = 100

/**
 * Finds people whose presence changes by time alone: their last device is gone, perhaps with its process, or they became
 * idle. Every process runs one, and each change is found by exactly one of them. It also writes last-seen times that are
 * not in the database yet, so that a process that dies in between loses nothing.
 */
export function startPresenceSweep({ states, devices, store, intervalMs, logger }: PresenceSweepOptions): Rounds {
  let holdUntilMs = 0

  const save = async (unsaved: Awaited<ReturnType<PresenceStates['sweep']>>['unsaved']): Promise<boolean> => {
    if (unsaved.length === 0) return true
    const saved = new Set(await store.saveLastSeen(unsaved))
    await states.saved(unsaved.filter(({ userId }) => saved.has(userId)))
    return saved.size === unsaved.length
  }

  const look = async (isStopping: () => boolean) => {
    await devices.tell(devices.takeUsed())
    if (performance.now() < holdUntilMs) return
    for (let batch = 0; batch < maxBatches && !isStopping(); batch++) {
      const { isFull, unsaved } = await states.sweep()
      // A time that could not be saved would be returned again at once.
      if (!(await save(unsaved)) || !isFull) return
    }
  }

  states.onConnected((isBack) => {
    // A device that expired while Redis was away may still be connected: it could not report.
    if (isBack) holdUntilMs = performance.now() + graceMs
  })

  return startRounds(intervalMs, (isStopping) =>
    look(isStopping).catch((error: unknown) => {
      logger.debug({ err: error }, 'could not look for devices that expired; will try again')
    }),
  )
}
