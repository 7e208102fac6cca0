import type { LiveItem } from '../domain/streams/event-loaders.ts'
import { delivered } from '../telemetry/facts.ts'

/**
 * When the event of an item was committed, if it came live: one that is replayed says nothing about the way here. Undefined
 * also while nobody wants to know.
 */
export function committedAtMsOf(item: unknown): number | undefined {
  if (!delivered.hasSubscribers) return undefined
  const { event, asOf } = item as LiveItem
  return event !== undefined && event === asOf ? event.occurredAt.getTime() : undefined
}
