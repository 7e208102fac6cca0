import type { EventStore, Look, Moved } from '../store/events.ts'
import { looked } from '../telemetry/facts.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Hub } from './hub.ts'
import { aheadMs, learnTime } from '../clock.ts'
import { within } from '../flow/deadline.ts'
import { startRounds, type Rounds } from '../flow/rounds.ts'

export interface RelayOptions {
  events: EventStore
  hub: Hub
  intervalMs: number
  logger: Logger
}

/** Milliseconds by which the machine's clock may differ from PostgreSQL's before somebody is told. */
const noticedMs = 2_000
/** Milliseconds until a look is given up: only the next one can find what the bus has lost since. */
const lookTimeoutMs = 5_000

/**
 * Tells the hub what was committed and not announced: because a process died between the two, because the bus lost it, or
 * while there is no bus. Every process has one. It asks the log for the streams written to since its last look, so its cost
 * follows the rate of writes and not the number of open streams.
 *
 * Resolves once the first horizon is known: every event committed after that will be noticed.
 */
export async function startRelay({ events, hub, intervalMs, logger }: RelayOptions): Promise<Rounds> {
  const askedAtMs = performance.now()
  const first = await events.movedSince(null)
  learnTime(first.timeMs, askedAtMs)
  let last: Look = first
  const { watermarks } = hub
  let failing = false
  /** An older state was restored, and the open streams were not compared with it yet. */
  let isToVerify = false
  /** Heads that were found and not passed on yet: the next look asks for later heads only. */
  let found: Moved['heads'] = []

  let isClockTold = false
  const noteClock = () => {
    const differenceMs = aheadMs() ?? 0
    const differs = Math.abs(differenceMs) >= noticedMs
    if (differs && !isClockTold) {
      logger.warn(
        { event: 'clock.differs', aheadSeconds: Math.round(differenceMs / 1_000) },
        "this machine's clock differs from PostgreSQL's, by which Parley goes: run a time service on all machines",
      )
    }
    if (!differs && isClockTold) logger.info({ event: 'clock.agrees' }, "this machine's clock agrees with PostgreSQL's")
    isClockTold = differs
  }

  const look = async () => {
    const startedAtMs = performance.now()
    const tell = (movedCount: number | null) => {
      if (looked.hasSubscribers) looked.publish({ durationMs: performance.now() - startedAtMs, movedCount })
    }
    try {
      const number = watermarks.begin()
      const moved = await within(lookTimeoutMs, events.movedSince(last), () => new Error('no answer in time'))
      last = moved
      learnTime(moved.timeMs, startedAtMs)
      noteClock()
      found = [...found, ...moved.heads]
      if (!moved.isSameHistory) {
        logger.warn(
          { event: 'log.history_lost' },
          'the log has lost events, as after a restored backup: readers get SnapshotRequired',
        )
        isToVerify = true
        watermarks.startOver()
      }
      const isVerified = !isToVerify
      if (isToVerify) await within(lookTimeoutMs, hub.verify(), () => new Error('no answer in time'))
      isToVerify = false
      for (const head of found) hub.announce(head.streamId, head.headEventSeq)
      // A look that found another history is older than the state from which its streams continue.
      watermarks.note(number, isVerified ? moved.watermark : null, found)
      tell(found.length)
      found = []
      if (failing) logger.info({ event: 'relay.back' }, 'the relay reads the log again')
      failing = false
    } catch (error) {
      // `last` stays: the next look that succeeds covers the whole time.
      if (!failing) logger.warn({ event: 'relay.failed', err: error }, 'the relay cannot read the log')
      failing = true
      tell(null)
    }
  }

  const rounds = startRounds(intervalMs, look)
  watermarks.onWanted = () => {
    rounds.hurry()
  }
  return rounds
}
