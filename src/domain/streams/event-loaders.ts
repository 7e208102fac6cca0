import { infoOf } from '../../log/event-types.ts'
import type { LogItem } from '../../log/items.ts'
import type { LogEvent } from '../../store/log-event.ts'
import type { Loaders } from '../loaders.ts'
import type { TypingItem } from '../typing/channel.ts'

/** What subscriptions deliver: an event of the log, a lost position, or a change of typing, which is not stored. */
export type LiveItem = LogItem | TypingItem

/** The resume token of the reader that an item is for. */
export type LiveToken = NonNullable<LogItem['resume']>

/** Milliseconds for which data loaded for an event serves other readers of it. */
const sharedMs = 100

/**
 * Loaders for delivering events: one set for all readers in this process that get the same stretch of a stream, so that a
 * message to 50 people costs one statement and not 50. They are made after the newest event of the stretch was known, and
 * so cannot load anything older than it.
 */
export function createEventLoaders(newLoaders: () => Loaders): (item: LiveItem) => Loaders {
  const shared = new WeakMap<LogEvent, { loaders: Loaders; untilMs: number }>()
  return (item) => {
    if (!item.asOf) return newLoaders()
    const { event, asOf } = item
    let entry = shared.get(asOf)
    if (!entry || entry.untilMs < performance.now()) {
      // A personal stream does not show what happened in a conversation since, so only items taken at the same time share.
      const lifeMs = infoOf(event.type).stream === 'PERSONAL' ? 0 : sharedMs
      entry = { loaders: newLoaders(), untilMs: performance.now() + lifeMs }
      shared.set(asOf, entry)
    }
    entry.loaders.horizon.note(event.streamId, { headEventSeq: event.seq, headMark: event.mark })
    return entry.loaders
  }
}
