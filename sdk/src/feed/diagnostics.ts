import type { ParleyEvent } from '../replica/state.ts'

/** What must never happen, and is told when it does: to report it, with the operator's logs at hand. */
export interface Diagnostic {
  kind: 'ACK_WITHOUT_EVENT' | 'DUPLICATE_EVENT' | 'DUPLICATE_MESSAGE' | 'READ_WENT_BACK'
  /** Null where it is about a write. */
  streamId: string | null
  eventSeq: number | null
  /** For people. */
  detail: string
}

export type DiagnosticCounts = Readonly<Record<Diagnostic['kind'], number>>

type Place = Pick<Diagnostic, 'streamId' | 'eventSeq'>

/** Messages and receipts that are remembered to find one that comes again. */
const maxRemembered = 2_000

/** Sets and forgets the oldest when there are too many. */
function remember<Key, Kept>(map: Map<Key, Kept>, key: Key, value: Kept): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > maxRemembered) map.delete(map.keys().next().value as Key)
}

/** Watches what comes, and counts what should not. */
export class Diagnostics {
  private readonly tallies = { ACK_WITHOUT_EVENT: 0, DUPLICATE_EVENT: 0, DUPLICATE_MESSAGE: 0, READ_WENT_BACK: 0 }
  /** The newest event of each stream: of this subscription, and of all. */
  private readonly arrivedSeqs = new Map<string, number>()
  private readonly committedSeqs = new Map<string, number>()
  /** By sender and key, the place of a message; by conversation and person, how far they have read. */
  private readonly messages = new Map<string, number>()
  private readonly reads = new Map<string, number>()
  /** Events of subscriptions so far. */
  eventCount = 0

  constructor(private readonly onDiagnostics?: (diagnostic: Diagnostic) => void) {}

  get counts(): DiagnosticCounts {
    return { ...this.tallies }
  }

  subscriptionBegins(): void {
    this.arrivedSeqs.clear()
  }

  /** An event of the subscription, as it comes. */
  arrived(event: ParleyEvent): void {
    if (event.__typename === 'SnapshotRequired') return
    this.eventCount++
    const { streamId, eventSeq } = event.cursor
    if (eventSeq <= (this.arrivedSeqs.get(streamId) ?? 0)) {
      this.tell('DUPLICATE_EVENT', event.cursor, `Event ${eventSeq} came a second time`)
    }
    this.arrivedSeqs.set(streamId, eventSeq)
  }

  committed(events: readonly ParleyEvent[]): void {
    for (const event of events) this.look(event)
  }

  /** A write was acknowledged, and its event has not come in time. */
  missed(detail: string): void {
    this.tell(
      'ACK_WITHOUT_EVENT',
      { streamId: null, eventSeq: null },
      `Acknowledged, and its event has not come: ${detail}`,
    )
  }

  private look(event: ParleyEvent): void {
    const { streamId, eventSeq } = event.cursor
    const newest = this.committedSeqs.get(streamId) ?? 0
    // The position of a stream that begins anew may be an older one.
    this.committedSeqs.set(streamId, event.__typename === 'SnapshotRequired' ? eventSeq : Math.max(newest, eventSeq))
    if (event.__typename === 'MessageSent') {
      const { sender, clientMessageId, seq } = event.message
      if (!clientMessageId) return
      const key = `${sender.id}/${clientMessageId}/${streamId}`
      const known = this.messages.get(key)
      if (known !== undefined && known !== seq) {
        this.tell('DUPLICATE_MESSAGE', event.cursor, `Message ${known} is there again as ${seq}`)
      }
      remember(this.messages, key, seq)
    } else if (event.__typename === 'ReceiptAdvanced' && eventSeq > newest) {
      for (const { user, lastReadSeq } of event.receipts) {
        const key = `${streamId}/${user.id}`
        const known = this.reads.get(key) ?? 0
        // 0 is what those show whose receipts are off.
        if (lastReadSeq > 0 && lastReadSeq < known) {
          this.tell('READ_WENT_BACK', event.cursor, `${user.id} had read ${known}, and now ${lastReadSeq}`)
        }
        remember(this.reads, key, Math.max(known, lastReadSeq))
      }
    }
  }

  private tell(kind: Diagnostic['kind'], { streamId, eventSeq }: Place, detail: string): void {
    this.tallies[kind]++
    this.onDiagnostics?.({ kind, streamId, eventSeq, detail })
  }
}
