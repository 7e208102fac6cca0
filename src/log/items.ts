import type { LogEvent } from '../store/log-event.ts'
import type { ResumePoint } from './resume-point.ts'

/** A reader's place in all streams as a resume token: what all who stand there have, and what is this reader's own. */
export interface TokenText {
  readonly shared: string
  /** Of the same length for all readers. */
  readonly own: string
}

/** The log cannot continue from a reader's position; it continues live from `headEventSeq`. */
export interface LostPlace {
  streamId: string
  reason: 'EXPIRED' | 'UNKNOWN_CURSOR'
  headEventSeq: number
  headMark: string
}

/** An event as a reader is given it. */
export interface EventItem<Event = LogEvent> {
  event: Event
  lost?: undefined
  /**
   * The newest event known to this reader when this one was read: what is loaded for it after that may be shared by all
   * items with the same one, since it cannot be older than any of them.
   */
  asOf?: LogEvent
  /**
   * What was answered for this event may be answered again to whoever reads it in the same epoch: nothing of it was
   * edited, deleted or taken away in between.
   */
  epoch?: object
  /** Where a reader that keeps it stands in all streams with this one. */
  point?: ResumePoint
  /** That as a token. */
  resume?: TokenText
}

/** Word that there is no going on from where the reader was. */
export interface LostItem {
  lost: LostPlace
  event?: undefined
  asOf?: undefined
  epoch?: undefined
  point?: ResumePoint
  resume?: TokenText
}

export type LogItem = EventItem | LostItem
