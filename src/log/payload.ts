import { eventJson, type LogEvent } from '../store/log-event.ts'

const start = '{"seq":'

/** An event as the bus carries it: JSON that begins with its number and mark, so that who has it need not parse it. */
export const toPayload = ({ seq, mark, ...rest }: LogEvent): string => JSON.stringify({ seq, mark, ...rest })

/** The number that a payload says it has; 0 when it must be parsed to know. */
export function seqOf(payload: string): number {
  if (!payload.startsWith(start)) return 0
  const seq = Number.parseInt(payload.slice(start.length, start.length + 16), 10)
  return Number.isSafeInteger(seq) ? seq : 0
}

/** The mark that a payload says it has; null when it must be parsed to know. */
export const markOf = (payload: string): string | null => /^\{"seq":\d+,"mark":"([\w-]*)"/.exec(payload)?.[1] ?? null

/** Throws for what is no event. */
export const fromPayload = (payload: string): LogEvent => eventJson.parse(JSON.parse(payload))
