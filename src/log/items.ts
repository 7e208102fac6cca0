import type { LogEvent } from '../store/log-event.ts'
import type { ResumePoint } from './resume-point.ts'

/**
 * A reader's positions in all streams as a resume token: the part that all readers at this point share, and the reader's
 * own.
 */
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

/** An event as a reader gets it. */
export interface EventItem<Event = LogEvent> {
  event: Event
  lost?: undefined
  /**
   * The newest event that this reader knew when this one was read. Data loaded after that cannot be older than any item
   * with the same `asOf`, so all these items may share it.
   */
  asOf?: LogEvent
  /**
   * A result of this event may be given to any other reader in the same epoch: nothing in it was edited, deleted or taken
   * away in between.
   */
  epoch?: object
  /** Whether its message is withheld from this reader. */
  isWithheld?: boolean
  /** The reader's point in all streams after this event, for a reader that keeps one. */
  point?: ResumePoint
  /** The point as a token. */
  resume?: TokenText
}

/** Tells a reader that a stream cannot continue from its position. */
export interface LostItem {
  lost: LostPlace
  event?: undefined
  asOf?: undefined
  epoch?: undefined
  point?: ResumePoint
  resume?: TokenText
}

export type LogItem = EventItem | LostItem
