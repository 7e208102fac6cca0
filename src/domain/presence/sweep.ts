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

/** Milliseconds that devices have to be there again after Redis was away, before who is not counts as gone. */
export const graceMs = 16_000
/** Batches at one go; with more to do than that the next look comes soon enough. */
const maxBatches = 100

/**
 * Looks for people whose presence changes by the clock alone: whose last device is gone, also with the process that held
 * it, or who have been idle. Every process has one; of each change they find it is one's alone. When somebody was last
 * seen is written to the database by whoever finds it unwritten, so that a process that dies in between loses nothing.
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
      // What could not be saved would come again at once.
      if (!(await save(unsaved)) || !isFull) return
    }
  }

  states.onConnected((isBack) => {
    // What expired while Redis was away may only have had no way to say that it is there.
    if (isBack) holdUntilMs = performance.now() + graceMs
  })

  return startRounds(intervalMs, (isStopping) =>
    look(isStopping).catch((error: unknown) => {
      logger.debug({ err: error }, 'could not look for devices that expired; will try again')
    }),
  )
}
