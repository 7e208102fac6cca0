import type { EventsRequest, EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import { stretchRead } from '../telemetry/facts.ts'
import { createAdmission } from './admission.ts'

export interface LogRequest extends EventsRequest {
  /** Live readers wait for it: it goes before reads that catch up. */
  isGap?: boolean
}

/**
 * Reads a stretch of a stream: events after a seq, in order, `limit` at the most. Fewer events do not mean that there are
 * no more, but none does. The events may be shared with other readers; the array is the caller's own. Rejects with
 * UNAVAILABLE when the database does not answer in time.
 */
export interface ReadLog {
  (request: LogRequest): Promise<LogEvent[]>
  /** Whether reads come to an end, so that everybody who waits for a read gets a turn. */
  readonly isMoving?: boolean
}

/** Milliseconds after the end of a read within which another one is expected to end. */
const movingMs = 3_000

export function createReadLog(events: EventStore): ReadLog {
  let readAtMs = -Infinity
  const admit = createAdmission(async (requests, maxBytes) => {
    const read = await events.read(requests, maxBytes)
    readAtMs = performance.now()
    return read
  })
  const readLog = async (request: LogRequest) => {
    const found = withoutGap(await admit(request))
    const { isGap = false } = request
    if (stretchRead.hasSubscribers) stretchRead.publish({ eventCount: found.length, isGap })
    return found
  }
  return Object.defineProperty(readLog, 'isMoving', { get: () => performance.now() - readAtMs < movingMs })
}

/** Retention may be at work: events after a gap must not reach a reader who was not told of the gap. */
function withoutGap(events: LogEvent[]): LogEvent[] {
  const gap = events.findIndex((event, index) => index > 0 && event.seq !== (events[index - 1]?.seq ?? 0) + 1)
  return gap === -1 ? events : events.slice(0, gap)
}
