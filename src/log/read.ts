import DataLoader from 'dataloader'
import type { EventsRequest, EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/rows.ts'

/** Reads one stretch of one stream. All that is asked for in one turn of the event loop is one statement. */
export type ReadLog = (request: EventsRequest) => Promise<LogEvent[]>

/** Streams that one statement may ask for: keeps a reconnect of many readers from becoming one giant answer. */
const maxRequestsPerStatement = 100

export function createReadLog(events: EventStore): ReadLog {
  const loader = new DataLoader<EventsRequest, LogEvent[]>((requests) => events.read(requests), {
    cache: false,
    maxBatchSize: maxRequestsPerStatement,
  })
  return async (request) => withoutGap(await loader.load(request))
}

/** Retention may be at work: what comes after a gap belongs to no reader who has not been told of the gap. */
function withoutGap(events: LogEvent[]): LogEvent[] {
  const gap = events.findIndex((event, index) => index > 0 && event.seq !== (events[index - 1]?.seq ?? 0) + 1)
  return gap === -1 ? events : events.slice(0, gap)
}
