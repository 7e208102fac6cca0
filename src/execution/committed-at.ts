import type { LiveItem } from '../domain/streams/event-loaders.ts'
import { delivered, handedOver } from '../telemetry/facts.ts'

/**
 * When the event of an item was committed, if it came live: one that is replayed says nothing about the way here. Undefined
 * also while nobody wants to know.
 */
export function committedAtMsOf(item: unknown): number | undefined {
  if (!delivered.hasSubscribers) return undefined
  const { event, asOf } = item as LiveItem
  return event !== undefined && event === asOf ? event.occurredAt.getTime() : undefined
}

/** Publishes that an event goes to a reader, for who wants to know each one. */
export function tellHandedOver(item: unknown, viewerId: string | undefined): void {
  if (!handedOver.hasSubscribers) return
  const { event } = item as LiveItem
  // Typing is no event of the log.
  if (event && 'seq' in event) handedOver.publish({ event, ...(viewerId !== undefined && { viewerId }) })
}
