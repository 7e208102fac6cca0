import type { EventsRequest, EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import { createAdmission } from './admission.ts'

export interface LogRequest extends EventsRequest {
  /** Live readers wait for it: it goes before those who catch up. */
  isGap?: boolean
}

/**
 * Reads a stretch of a stream: events after a seq, in order, `limit` at the most. Fewer does not mean that there are no
 * more, but none does. The events may be shared with other readers; the array is the caller's own.
 */
export type ReadLog = (request: LogRequest) => Promise<LogEvent[]>

export function createReadLog(events: EventStore): ReadLog {
  const admit = createAdmission((requests, maxBytes) => events.read(requests, maxBytes))
  return async (request) => withoutGap(await admit(request))
}

/** Retention may be at work: what comes after a gap belongs to no reader who has not been told of the gap. */
function withoutGap(events: LogEvent[]): LogEvent[] {
  const gap = events.findIndex((event, index) => index > 0 && event.seq !== (events[index - 1]?.seq ?? 0) + 1)
  return gap === -1 ? events : events.slice(0, gap)
}
