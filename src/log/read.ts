import type { EventsRequest, EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import { createAdmission } from './admission.ts'

export interface LogRequest extends EventsRequest {
  /** Live readers wait for it: it goes before those who catch up. */
  isGap?: boolean
}

/**
 * Reads a stretch of a stream: events after a seq, in order, `limit` at the most. Fewer does not mean that there are no
 * more, but none does. The events may be shared with other readers; the array is the caller's own. Rejects with UNAVAILABLE
 * when the database does not answer in time.
 */
export interface ReadLog {
  (request: LogRequest): Promise<LogEvent[]>
  /** Whether readings come to an end, so that whoever waits for theirs gets their turn. */
  readonly isMoving?: boolean
}

/** Milliseconds after the last reading for which others are expected. */
const movingMs = 3_000

export function createReadLog(events: EventStore): ReadLog {
  let readAtMs = -Infinity
  const admit = createAdmission(async (requests, maxBytes) => {
    const read = await events.read(requests, maxBytes)
    readAtMs = performance.now()
    return read
  })
  const readLog = async (request: LogRequest) => withoutGap(await admit(request))
  return Object.defineProperty(readLog, 'isMoving', { get: () => performance.now() - readAtMs < movingMs })
}

/** Retention may be at work: what comes after a gap belongs to no reader who has not been told of the gap. */
function withoutGap(events: LogEvent[]): LogEvent[] {
  const gap = events.findIndex((event, index) => index > 0 && event.seq !== (events[index - 1]?.seq ?? 0) + 1)
  return gap === -1 ? events : events.slice(0, gap)
}
