import type { StreamCursorInput } from '../../sdk/src/generated/graphql.ts'
import type { Person } from './person.ts'
import type { Reader } from './reader.ts'
import { Copies, type InboxEvent } from './replica.ts'
import type { Shown } from './shown.ts'

/**
 * A client that keeps all conversations of one person up to date from inboxEvents, and survives lost connections. It checks
 * the events: in each connection, every stream begins right after its cursor and has no gap and no repeat.
 */
export class InboxClient {
  private readonly copies: Copies
  private personal: StreamCursorInput | null = null
  /** The newest event of each stream in this connection, or the cursor that it was started from. */
  private readonly heard = new Map<string, number>()
  private reader: Reader<InboxEvent> | null = null
  private handled = 0

  constructor(viewerId: string) {
    this.copies = new Copies(viewerId)
  }

  /** Reads the inbox for the first time: `personal` is the cursor of the personal stream, read before everything else. */
  async start(person: Person, personal: StreamCursorInput, conversationIds: string[]): Promise<void> {
    this.personal = personal
    for (const conversationId of conversationIds) await this.copies.read(person, conversationId)
  }

  get cursors(): StreamCursorInput[] {
    const conversations = this.copies.ids.map((streamId) => ({ streamId, ...this.copies.cursorOf(streamId) }))
    return this.personal ? [this.personal, ...conversations] : conversations
  }

  async connect(person: Person): Promise<void> {
    this.heard.clear()
    for (const { streamId, eventSeq } of this.cursors) this.heard.set(streamId, eventSeq)
    this.reader = await person.inboxEvents(this.cursors, true)
    this.handled = 0
  }

  /** Waits for this many more events and applies them. */
  async take(person: Person, count: number): Promise<void> {
    const events = await this.reader!.waitForCount(this.handled + count)
    for (let left = count; left > 0; left--) await this.handle(person, events[this.handled++]!)
  }

  /** Applies events until it has reached these positions, also in the personal stream. */
  async catchUp(person: Person, places: readonly { streamId: string; eventSeq: number }[]): Promise<void> {
    const isBehind = (place: { streamId: string; eventSeq: number }) =>
      !this.cursors.some(({ streamId, eventSeq }) => streamId === place.streamId && eventSeq >= place.eventSeq)
    while (places.some(isBehind)) await this.take(person, 1)
  }

  /** Loses the connection, and the events that were not applied yet. */
  cut(): void {
    this.reader?.cut()
  }

  /** What it shows of each conversation, compared with fresh reads of them. */
  state(fresh: Record<string, Shown>): Record<string, Shown | null> {
    return Object.fromEntries(this.copies.ids.map((id) => [id, this.copies.shown(id, fresh[id])]))
  }

  private async handle(person: Person, event: InboxEvent): Promise<void> {
    if (event.__typename === 'SnapshotRequired') {
      // The person was removed while disconnected, and may have come back by now.
      if (event.reason !== 'UNKNOWN_CURSOR') throw new Error(`lost its place: ${JSON.stringify(event)}`)
      this.heard.delete(event.streamId)
      await this.copies.read(person, event.streamId)
      return
    }
    const { streamId, eventSeq, mark } = event.cursor
    const previous = this.heard.get(streamId)
    if (previous !== undefined && eventSeq !== previous + 1) {
      throw new Error(`event ${eventSeq} after ${previous} of stream ${streamId}: ${JSON.stringify(event)}`)
    }
    this.heard.set(streamId, eventSeq)
    const isEntry = event.__typename === 'InboxEntryChanged'
    if (isEntry) this.personal = { streamId, eventSeq, mark }
    const id = isEntry ? event.conversationId : streamId
    const wasHere = this.copies.has(id)
    this.copies.apply(event)
    if (this.copies.has(id)) return
    // If the person comes back, the stream continues after the position of that.
    if (!isEntry && wasHere) this.heard.delete(streamId)
    const isOwnJoin = event.__typename === 'MemberJoined' && event.user.id === person.id
    if (isOwnJoin || (isEntry && event.entry)) await this.copies.read(person, id)
  }
}
