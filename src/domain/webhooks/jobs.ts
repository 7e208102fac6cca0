import type { WebhookDelivery } from '../../store/webhook-deliveries.ts'
import type { HeldRange, WebhookEvent } from '../../store/webhook-log.ts'
import type { Payloads } from './payload.ts'

/** A conversation's events, one after the other; or one delivery by itself. */
export interface Job {
  conversationId: string
  events: readonly WebhookEvent[]
  /** Everything up to here is done when all of them are. */
  upToSeq: number
  /** Which of the events it is at. */
  at: number
  single: WebhookDelivery | null
  /** Makes its payloads. */
  payloads: Payloads
}

export function groupByStream(events: readonly WebhookEvent[]): Map<string, WebhookEvent[]> {
  const groups = new Map<string, WebhookEvent[]>()
  for (const one of events) {
    const { streamId } = one.event
    const group = groups.get(streamId)
    if (group) group.push(one)
    else groups.set(streamId, [one])
  }
  return groups
}

/** Jobs of deliveries that are attempted by themselves: a test has no event, and one that is sent again has its own. */
export async function readSingleJobs(
  singles: readonly WebhookDelivery[],
  read: (ranges: readonly HeldRange[]) => Promise<WebhookEvent[]>,
  payloads: Payloads,
): Promise<Job[]> {
  const ranges = singles.flatMap(({ conversationId, eventSeq }) =>
    conversationId === null || eventSeq === null ? [] : [{ conversationId, fromSeq: eventSeq, upToSeq: eventSeq }],
  )
  const events = ranges.length > 0 ? await read(ranges) : []
  return singles.map((single) => ({
    conversationId: single.id,
    events: events
      .filter(({ event }) => event.streamId === single.conversationId && event.seq === single.eventSeq)
      .slice(0, 1),
    ...{ upToSeq: 0, at: 0, single, payloads },
  }))
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
