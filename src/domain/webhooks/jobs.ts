import type { WebhookDelivery } from '../../store/webhook-deliveries.ts'
import type { WebhookEvent } from '../../store/webhook-log.ts'
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

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
