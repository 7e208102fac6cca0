import type { Bus } from '../bus/bus.ts'
import { topics } from '../bus/topics.ts'
import type { LogEvent } from '../store/log-event.ts'
import type { Write } from '../store/writing/outcomes.ts'
import { announced, committed, writeFailed } from '../telemetry/facts.ts'
import { AppError } from '../domain/errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Hub } from './hub.ts'
import { toPayload } from './payload.ts'

/**
 * The only way to change a conversation. One statement appends to the log in the transaction of the change; then the new
 * events are announced. A process that dies in between loses nothing, because the relay of every process finds the events.
 * Expected refusals are outcomes. Rejects with UNAVAILABLE when the database does not answer in time: whether the write was
 * done is unknown then, and a retry with the same key finds out. Never rejects because of the bus.
 */
export type Append = Write

export interface AppendOptions {
  write: Write
  bus: Bus
  hub: Hub
  logger: Logger
  /** Called when a support conversation has new events. */
  deskMoved: () => void
  /** Called between commit and announcement; tests end the process here. */
  afterCommit: () => void
}

export function createAppend({ write, bus, hub, logger, deskMoved, afterCommit }: AppendOptions): Append {
  const announce = (event: LogEvent) => {
    hub.offer(event)
    const tell = (isAnnounced: boolean) => {
      if (announced.hasSubscribers) announced.publish({ event, isAnnounced })
    }
    if (!bus.isShared) {
      tell(true)
      return
    }
    bus.publish(topics.stream(event.streamId), toPayload(event)).then(
      () => {
        tell(true)
      },
      (error: unknown) => {
        tell(false)
        logger.debug(
          { err: error, streamId: event.streamId },
          'could not announce an event; readers will get it from the log',
        )
      },
    )
  }
  return async (command) => {
    const startedAtMs = performance.now()
    const { type } = command
    const said = () => ({
      type,
      durationMs: performance.now() - startedAtMs,
      ...('actorId' in command && { actorId: command.actorId }),
    })
    const outcome = await write(command).catch((error: unknown) => {
      if (writeFailed.hasSubscribers) {
        writeFailed.publish({ ...said(), code: error instanceof AppError ? error.code : 'INTERNAL' })
      }
      throw error
    })
    const { events } = outcome
    if (committed.hasSubscribers) committed.publish({ ...said(), outcome: outcome.outcome, events })
    if (events.length > 0) {
      afterCommit()
      // After this turn of the event loop, so that the writer's answer goes out before the fan-out starts.
      setImmediate(() => {
        events.forEach(announce)
        if (events.some(({ desk }) => desk)) deskMoved()
      })
    }
    return outcome
  }
}
