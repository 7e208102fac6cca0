import { eventJson, type LogEvent } from '../store/log-event.ts'

const start = '{"seq":'

/**
 * An event as the bus carries it: JSON that begins with number and mark, so that a process that has the event need not
 * parse it.
 */
export const toPayload = ({ seq, mark, ...rest }: LogEvent): string => JSON.stringify({ seq, mark, ...rest })

/** The number at the start of a payload; 0 if the payload must be parsed to find it. */
export function seqOf(payload: string): number {
  if (!payload.startsWith(start)) return 0
  const seq = Number.parseInt(payload.slice(start.length, start.length + 16), 10)
  return Number.isSafeInteger(seq) ? seq : 0
}

/** The mark at the start of a payload; null if the payload must be parsed to find it. */
export const markOf = (payload: string): string | null => /^\{"seq":\d+,"mark":"([\w-]*)"/.exec(payload)?.[1] ?? null

/** Throws if the text is not an event. */
export const fromPayload = (payload: string): LogEvent => eventJson.parse(JSON.parse(payload))
