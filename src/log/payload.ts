import { parseEvent, type EventJson, type LogEvent } from '../store/rows.ts'

const start = '{"seq":'

/** An event as the bus carries it: JSON that begins with its number, so that who has it need not parse it. */
export const toPayload = ({ seq, ...rest }: LogEvent): string => JSON.stringify({ seq, ...rest })

/** The number that a payload says it has; 0 when it must be parsed to know. */
export function seqOf(payload: string): number {
  if (!payload.startsWith(start)) return 0
  const seq = Number.parseInt(payload.slice(start.length, start.length + 16), 10)
  return Number.isSafeInteger(seq) ? seq : 0
}

/** Throws for what is no event. */
export function fromPayload(payload: string): LogEvent {
  const event = parseEvent(JSON.parse(payload) as EventJson)
  // A stream counts on it: with anything else it would look for a gap for ever.
  if (!Number.isSafeInteger(event.seq) || event.seq < 1) throw new Error('an event without its number')
  return event
}
