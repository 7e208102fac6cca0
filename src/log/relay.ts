import type { EventStore } from '../store/events.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Hub } from './hub.ts'

/**
 * Tells the hub what was committed and not announced: by a process that died between the two, or through a bus that
 * lost it, or while there is no bus. Every process has one; it asks the log for the streams written to since it last
 * looked, so its cost follows the rate of writes and not the number of open streams.
 */
export interface Relay {
  stop(): Promise<void>
}

export interface RelayOptions {
  events: EventStore
  hub: Hub
  intervalMs: number
  logger: Logger
}

/** Resolves once the first horizon is known: every event committed after that will be noticed. */
export async function startRelay({ events, hub, intervalMs, logger }: RelayOptions): Promise<Relay> {
  let { horizon } = await events.movedSince(null)
  let stopped = false
  let failing = false
  let timer: NodeJS.Timeout | undefined

  const look = async () => {
    try {
      const moved = await events.movedSince(horizon)
      horizon = moved.horizon
      for (const head of moved.heads) hub.announce(head.streamId, head.headEventSeq)
      if (failing) logger.info('the relay reads the log again')
      failing = false
    } catch (error) {
      // The horizon stays: the next look that succeeds covers the whole time.
      if (!failing) logger.warn({ err: error }, 'the relay cannot read the log')
      failing = true
    }
  }

  // The next look is planned when this one is over: a slow database is not asked twice at once.
  let running: Promise<void> = Promise.resolve()
  const plan = (delayMs: number) => {
    if (stopped) return
    timer = setTimeout(() => {
      running = look().then(() => {
        plan(intervalMs)
      })
    }, delayMs)
  }
  plan(intervalMs)

  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
