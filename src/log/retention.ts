import { timeMs } from '../clock.ts'
import type { EventStore } from '../store/events.ts'
import type { Logger } from '../telemetry/logger.ts'
import { startRounds, type Rounds } from '../flow/rounds.ts'

export interface RetentionOptions {
  events: EventStore
  /** Age at which an event leaves the log. */
  eventTtlMs: number
  /** Age at which a key of a write is forgotten. */
  opKeyTtlMs: number
  /** More to do in the same rhythm, by whichever process comes first. */
  alsoDo: (isStopping: () => boolean) => Promise<void>
  intervalMs: number
  logger: Logger
}

/** Most rows that one statement removes: few enough that no writer of the stream notices. */
const batchSize = 1_000
const pauseMs = 20

/**
 * Takes old events out of the log, a small batch at a time. Every process tries; the database lets one of them work. A
 * reader whose cursor is behind the removed events is told so.
 */
export function startRetention({
  events,
  eventTtlMs,
  opKeyTtlMs,
  alsoDo,
  intervalMs,
  logger,
}: RetentionOptions): Rounds {
  const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs))

  const work = async (isStopping: () => boolean) => {
    const eventsBefore = new Date(timeMs() - eventTtlMs)
    const keysBefore = new Date(timeMs() - opKeyTtlMs)
    while (!isStopping() && (await events.retire(eventsBefore, batchSize)) > 0) await pause()
    while (!isStopping() && (await events.forgetOpKeys(keysBefore, batchSize)) > 0) await pause()
    if (!isStopping()) await alsoDo(isStopping)
  }

  return startRounds(intervalMs, (isStopping) =>
    work(isStopping).catch((error: unknown) => {
      logger.warn({ err: error }, 'housekeeping failed; will try again')
    }),
  )
}
