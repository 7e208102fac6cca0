import { startMark } from '../store/log-event.ts'

/** The head of a stream without events: the place before the first one. */
export const streamStart = { headEventSeq: 0, headMark: startMark } as const
