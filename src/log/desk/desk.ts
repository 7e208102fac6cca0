import type { Bus } from '../../bus/bus.ts'
import { topics } from '../../bus/topics.ts'
import type { EventStore } from '../../store/events.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { deskStreamId } from './desk-stream.ts'
import type { Hub } from '../hub.ts'

/**
 * Makes the desk's stream fast. A write to a support conversation moves it in the database, and cannot know its new head; so
 * what is announced is only that it has moved, and processes with readers of it look. What the bus loses, the relay finds.
 */
export interface Desk {
  /** To be called after the commit of a write to a support conversation. Never rejects. */
  moved(): void
  /** Has this process look when others say that the desk has moved. Returns the function that ends that. */
  follow(): () => void
}

export interface DeskOptions {
  bus: Bus
  hub: Pick<Hub, 'announce'>
  events: Pick<EventStore, 'heads'>
  logger: Logger
}

/** Milliseconds for which more hints are waited for: one look does for all of them. */
const gatherMs = 5

export function createDesk({ bus, hub, events, logger }: DeskOptions): Desk {
  let readers = 0
  let unsubscribe: Promise<() => void> | null = null
  let looking = false

  const look = () => {
    if (looking || readers === 0) return
    looking = true
    setTimeout(() => {
      looking = false
      events.heads([deskStreamId]).then(
        (heads) => {
          for (const { streamId, headEventSeq } of heads) hub.announce(streamId, headEventSeq)
        },
        (error: unknown) => {
          logger.debug({ err: error }, 'could not look at the desk; the relay will')
        },
      )
    }, gatherMs)
  }

  return {
    moved() {
      look()
      if (!bus.isShared) return
      bus.publish(topics.desk, '').catch((error: unknown) => {
        logger.debug({ err: error }, 'could not say that the desk has moved; the relays find it')
      })
    },
    follow() {
      readers++
      unsubscribe ??= bus.subscribe(topics.desk, look)
      // Until it works, and when it does not, the relay finds what moved.
      unsubscribe.catch((error: unknown) => {
        logger.debug({ err: error }, 'could not subscribe to the desk')
      })
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        if (--readers > 0) return
        void unsubscribe?.then(
          (stop) => stop(),
          () => undefined,
        )
        unsubscribe = null
      }
    },
  }
}
