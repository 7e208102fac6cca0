import type { EventStore } from '../store/events.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface RetentionOptions {
  events: EventStore
  /** Age at which an event leaves the log. */
  eventTtlMs: number
  /** Age at which a key of a write is forgotten. */
  opKeyTtlMs: number
  /** More to do in the same rhythm, by whichever process comes first. */
  alsoDo: () => Promise<void>
  intervalMs: number
  logger: Logger
}

export interface Retention {
  stop(): Promise<void>
}

/** Rows a statement removes at the most: short enough that no writer of the stream notices. */
const batchSize = 1_000
const pauseMs = 20

/**
 * Takes old events out of the log, a small batch at a time. Every process tries; the database lets one of them work. A
 * reader whose cursor is behind what went is told so.
 */
export function startRetention({
  events,
  eventTtlMs,
  opKeyTtlMs,
  alsoDo,
  intervalMs,
  logger,
}: RetentionOptions): Retention {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs))

  const work = async () => {
    const eventsBefore = new Date(Date.now() - eventTtlMs)
    const keysBefore = new Date(Date.now() - opKeyTtlMs)
    while (!stopped && (await events.retire(eventsBefore, batchSize)) > 0) await pause()
    while (!stopped && (await events.forgetOpKeys(keysBefore, batchSize)) > 0) await pause()
    if (!stopped) await alsoDo()
  }

  let running: Promise<void> = Promise.resolve()
  const plan = () => {
    if (stopped) return
    timer = setTimeout(() => {
      running = work()
        .catch((error: unknown) => {
          logger.warn({ err: error }, 'housekeeping failed; will try again')
        })
        .then(plan)
    }, intervalMs)
  }
  plan()

  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
