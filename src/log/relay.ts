import type { EventStore, Look, Moved } from '../store/events.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Hub } from './hub.ts'
import { within } from '../flow/deadline.ts'
import { startRounds, type Rounds } from '../flow/rounds.ts'

export interface RelayOptions {
  events: EventStore
  hub: Hub
  intervalMs: number
  logger: Logger
}

/** Milliseconds for which one look is waited for, whatever becomes of it: all that the bus lost depends on the next one. */
const lookTimeoutMs = 5_000

/**
 * Tells the hub what was committed and not announced: by a process that died between the two, or through a bus that
 * lost it, or while there is no bus. Every process has one; it asks the log for the streams written to since it last
 * looked, so its cost follows the rate of writes and not the number of open streams.
 *
 * Resolves once the first horizon is known: every event committed after that will be noticed.
 */
export async function startRelay({ events, hub, intervalMs, logger }: RelayOptions): Promise<Rounds> {
  let last: Look = await events.movedSince(null)
  const { watermarks } = hub
  let failing = false
  /** An older state was restored, and the streams that are open were not compared with it yet. */
  let isToVerify = false
  /** Heads that were found and not passed on yet: the next look asks for later ones alone. */
  let found: Moved['heads'] = []

  const look = async () => {
    try {
      const number = watermarks.begin()
      const moved = await within(lookTimeoutMs, events.movedSince(last), () => new Error('no answer in time'))
      last = moved
      found = [...found, ...moved.heads]
      if (!moved.isSameHistory) {
        logger.warn('the log has lost events, as after a restored backup: readers get SnapshotRequired')
        isToVerify = true
        watermarks.startOver()
      }
      const isVerified = !isToVerify
      if (isToVerify) await within(lookTimeoutMs, hub.verify(), () => new Error('no answer in time'))
      isToVerify = false
      for (const head of found) hub.announce(head.streamId, head.headEventSeq)
      // One that found another history is older than what its streams go on from.
      watermarks.note(number, isVerified ? moved.watermark : null, found)
      found = []
      if (failing) logger.info('the relay reads the log again')
      failing = false
    } catch (error) {
      // The last look stays: the next look that succeeds covers the whole time.
      if (!failing) logger.warn({ err: error }, 'the relay cannot read the log')
      failing = true
    }
  }

  const rounds = startRounds(intervalMs, look)
  watermarks.onWanted = () => {
    rounds.hurry()
  }
  return rounds
}
