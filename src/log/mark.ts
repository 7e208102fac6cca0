import { startMark, type LogEvent } from '../store/log-event.ts'

/** The head of a stream without events: the place before the first one. */
export const streamStart = { headEventSeq: 0, headMark: startMark } as const

/** Whether the event may be the next one after a position with this mark. Events of former versions have no markBefore. */
export const follows = ({ markBefore }: LogEvent, mark: string | null): boolean =>
  markBefore === null || mark === null || markBefore === mark
