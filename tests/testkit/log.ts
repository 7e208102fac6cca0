import { pino } from 'pino'
import type { Cursor } from '../../src/log/cursor.ts'
import { createHub, type Hub, type HubOptions } from '../../src/log/hub.ts'
import type { LogItem } from '../../src/log/items.ts'
import type { Bus } from '../../src/bus/bus.ts'
import type { EventsRequest, EventStore, Place } from '../../src/store/events.ts'
import { toLogEvent, type LogEvent } from '../../src/store/log-event.ts'
import type { Message } from '../../src/store/rows.ts'

export const streamId = '019a0000-0000-7000-8000-000000000001'

/** A row of one message. */
export function messageRow(seq: number, change: Partial<Message> = {}): Message {
  return {
    conversationId: streamId,
    seq,
    senderId: '019a0000-0000-7000-8000-0000000000aa',
    text: `text ${seq}`,
    revision: 1,
    clientMessageId: `key ${seq}`,
    replyToSeq: null,
    createdAt: new Date(0),
    editedAt: null,
    deletedAt: null,
    deletedById: null,
    mentionIds: [],
    mentionsEveryone: false,
    attachmentCount: 0,
    ...change,
  }
}

/** The mark of the event with this seq. */
export const markOf = (seq: number) => (seq === 0 ? '0' : `mark${seq}`)

const eventOf = (
  seq: number,
  type: LogEvent['type'],
  message: Message,
  stream: string,
  marks: { mark: string; markBefore: string },
): LogEvent =>
  toLogEvent({
    streamId: stream,
    seq,
    type,
    actorId: message.senderId,
    data: { userId: message.senderId },
    occurredAt: new Date(0),
    ...marks,
    message,
  })

/** An in-memory log of one database. Records every read. */
export class FakeLog {
  readonly reads: EventsRequest[] = []
  /** While above 0, the next read fails. */
  failures = 0
  private readonly events = new Map<string, LogEvent[]>()
  private readonly messages = new Map<string, Message>()
  private readonly floors = new Map<string, number>()
  /** Suffix of the marks of events that are written now. */
  private history = ''

  /** Sends a message; returns the event as it is announced. */
  append(stream = streamId): LogEvent {
    const seq = this.head(stream) + 1
    return this.write(seq, 'MESSAGE_SENT', messageRow(seq), stream)
  }

  appendMany(count: number, stream = streamId): LogEvent[] {
    return Array.from({ length: count }, () => this.append(stream))
  }

  edit(messageSeq: number, text: string, stream = streamId): LogEvent {
    const { revision } = this.message(messageSeq, stream)
    return this.write(
      this.head(stream) + 1,
      'MESSAGE_EDITED',
      messageRow(messageSeq, { text, revision: revision + 1 }),
      stream,
    )
  }

  remove(messageSeq: number, stream = streamId): LogEvent {
    const { revision } = this.message(messageSeq, stream)
    const tombstone = messageRow(messageSeq, { text: null, revision, deletedAt: new Date(1) })
    return this.write(this.head(stream) + 1, 'MESSAGE_DELETED', tombstone, stream)
  }

  /** All messages of the stream become tombstones, with one event. */
  erase(stream = streamId): LogEvent {
    for (const [key, { seq }] of this.messages) {
      if (key.startsWith(stream)) this.messages.set(key, messageRow(seq, { text: null, deletedAt: new Date(1) }))
    }
    const seq = this.head(stream) + 1
    const event = eventOf(seq, 'USER_ERASED', messageRow(seq), stream, this.marksOf(seq, stream))
    this.events.set(stream, [...(this.events.get(stream) ?? []), event])
    return event
  }

  /** Retention: removes the events up to this one. */
  expire(seq: number, stream = streamId): void {
    this.floors.set(stream, seq)
  }

  /** Restores an older state: the events after this one never existed. */
  truncate(seq: number, stream = streamId): void {
    this.events.set(stream, (this.events.get(stream) ?? []).slice(0, seq))
    this.history += "'"
  }

  /** Mark of the newest event. */
  headMark(stream = streamId): string {
    return this.events.get(stream)?.at(-1)?.mark ?? markOf(0)
  }

  head(stream = streamId): number {
    return this.events.get(stream)?.length ?? 0
  }

  /** As the log is read: every event with the present state of its message. */
  readonly read = async (request: EventsRequest): Promise<LogEvent[]> => {
    this.reads.push(request)
    await this.answer()
    const { streamId: stream, afterSeq, limit } = request
    const floor = this.floors.get(stream) ?? 0
    const left = (this.events.get(stream) ?? []).filter(({ seq }) => seq > Math.max(afterSeq, floor))
    return left
      .slice(0, limit)
      .map((event) =>
        event.messageSeq === null ? event : { ...event, message: this.message(event.messageSeq, stream) },
      )
  }

  /** Only the methods that a hub uses. */
  readonly store = {
    read: (requests: readonly EventsRequest[]) => Promise.all(requests.map(this.read)),
    heads: async (streamIds: readonly string[]) => {
      await this.answer()
      return streamIds.map((stream) => ({
        streamId: stream,
        headEventSeq: this.head(stream),
        headMark: this.headMark(stream),
      }))
    },
    areThere: async (places: readonly Place[]) => {
      await this.answer()
      return places.map(({ streamId: stream, seq, mark }) => {
        const isRetired = seq <= (this.floors.get(stream) ?? 0)
        return isRetired || this.events.get(stream)?.[seq - 1]?.mark === mark
      })
    },
  } as Partial<EventStore> as EventStore

  private marksOf(seq: number, stream: string) {
    return { mark: markOf(seq) + this.history, markBefore: this.headMark(stream) }
  }

  private message(seq: number, stream: string): Message {
    return this.messages.get(`${stream} ${seq}`)!
  }

  private async answer(): Promise<void> {
    await Promise.resolve()
    if (this.failures === 0) return
    this.failures--
    throw new Error('the log cannot be read')
  }

  private write(seq: number, type: LogEvent['type'], message: Message, stream: string): LogEvent {
    const event = eventOf(seq, type, message, stream, this.marksOf(seq, stream))
    this.events.set(stream, [...(this.events.get(stream) ?? []), event])
    this.messages.set(`${stream} ${message.seq}`, message)
    return event
  }
}

/** A bus that delivers only what a test tells it to, and when. */
export class FakeBus implements Bus {
  readonly listeners = new Map<string, Set<(payload: string) => void>>()
  readonly isShared = true
  readonly connected = true
  subscriptions = 0

  deliver(topic: string, payload: string): void {
    for (const listener of this.listeners.get(topic) ?? []) listener(payload)
  }

  async publish(topic: string, payload: string): Promise<void> {
    await Promise.resolve()
    this.deliver(topic, payload)
  }

  async subscribe(topic: string, listener: (payload: string) => void): Promise<() => void> {
    this.subscriptions++
    await Promise.resolve()
    const listeners = this.listeners.get(topic) ?? new Set()
    this.listeners.set(topic, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.listeners.delete(topic)
    }
  }

  onBack(): void {
    // It is never away.
  }

  get topicCount(): number {
    return this.listeners.size
  }

  async close(): Promise<void> {
    await Promise.resolve()
    this.listeners.clear()
  }
}

/** The next item; null once the cursor has ended. */
export const next = async (cursor: Cursor): Promise<LogItem | null> => (await cursor.next()).value ?? null

/** The hub of one process on this log, with small rings. */
export const openHub = (log: FakeLog, more: Partial<HubOptions> = {}): Hub =>
  createHub({
    bus: new FakeBus(),
    events: log.store,
    readLog: log.read,
    ringSize: 16,
    ringMemoryByteSize: 1_048_576,
    logger: pino({ level: 'silent' }),
    ...more,
  })
