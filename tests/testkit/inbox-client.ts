import type { StreamCursorInput } from '../../sdk/src/generated/graphql.ts'
import type { Person } from './person.ts'
import type { Reader } from './reader.ts'
import { Replica, type InboxEvent } from './replica.ts'

/**
 * A client that keeps all conversations of one person up to date from inboxEvents, and survives lost connections. It checks
 * the events: in each connection, every stream begins right after its cursor and has no gap and no repeat.
 */
export class InboxClient {
  private readonly replicas = new Map<string, Replica>()
  private personal: StreamCursorInput | null = null
  /** The newest event of each stream in this connection, or the cursor that it was started from. */
  private readonly heard = new Map<string, number>()
  private reader: Reader<InboxEvent> | null = null
  private handled = 0

  /** Reads the inbox for the first time: `personal` is the cursor of the personal stream, read before everything else. */
  async start(person: Person, personal: StreamCursorInput, conversationIds: string[]): Promise<void> {
    this.personal = personal
    for (const conversationId of conversationIds) await this.readAnew(person, conversationId)
  }

  get cursors(): StreamCursorInput[] {
    const conversations = [...this.replicas].map(([streamId, { eventSeq, mark }]) => ({ streamId, eventSeq, mark }))
    return this.personal ? [this.personal, ...conversations] : conversations
  }

  async connect(person: Person): Promise<void> {
    this.heard.clear()
    for (const { streamId, eventSeq } of this.cursors) this.heard.set(streamId, eventSeq)
    this.reader = await person.inboxEvents(this.cursors)
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

  state(): Record<string, object> {
    const byId = [...this.replicas].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(byId.map(([streamId, replica]) => [streamId, replica.state()]))
  }

  private async handle(person: Person, event: InboxEvent): Promise<void> {
    if (event.__typename === 'SnapshotRequired') {
      // The person was removed while disconnected, and may have come back by now.
      if (event.reason !== 'UNKNOWN_CURSOR') throw new Error(`lost its place: ${JSON.stringify(event)}`)
      this.heard.delete(event.streamId)
      return this.readAnew(person, event.streamId)
    }
    const { streamId, eventSeq } = event.cursor
    const previous = this.heard.get(streamId)
    if (previous !== undefined && eventSeq !== previous + 1) {
      throw new Error(`event ${eventSeq} after ${previous} of stream ${streamId}: ${JSON.stringify(event)}`)
    }
    this.heard.set(streamId, eventSeq)
    if (event.__typename === 'InboxEntryChanged') {
      const { mark } = event.cursor
      this.personal = { streamId, eventSeq, mark }
      if (!event.entry) this.replicas.delete(event.conversationId)
      if (!event.entry) return
      const replica = this.replicas.get(event.conversationId)
      const { lastReadSeq, historyFromSeq, conversation } = event.entry
      replica?.withhold(historyFromSeq)
      if (replica) replica.readUpTo(lastReadSeq, conversation.cursor.eventSeq)
      else await this.readAnew(person, event.conversationId)
      return
    }
    const isOwn =
      (event.__typename === 'MemberLeft' || event.__typename === 'MemberJoined') && event.user.id === person.id
    if (isOwn && event.__typename === 'MemberLeft') {
      // If the person comes back, the stream continues after the position of that.
      this.replicas.delete(streamId)
      this.heard.delete(streamId)
    } else if (isOwn && !this.replicas.has(streamId)) await this.readAnew(person, streamId)
    else this.replicas.get(streamId)?.apply(event)
  }

  private async readAnew(person: Person, conversationId: string): Promise<void> {
    const replica = await Replica.read(person, conversationId)
    if (replica) this.replicas.set(conversationId, replica)
    else this.replicas.delete(conversationId)
  }
}
