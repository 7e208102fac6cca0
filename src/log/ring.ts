import type { LogEvent } from '../store/log-event.ts'
import type { Message } from '../store/rows.ts'
import { infoOf } from './event-types.ts'

export interface RingLimits {
  /** Newest events a stream keeps in memory. */
  maxEvents: number
  /** Bytes that these may take, by estimate; the newest event is kept at any size. */
  maxByteSize: number
}

/** A message that came from the log may be newer than what the ring has; only a later state may take its place. */
const supersedes = (a: Message, b: Message) => b.deletedAt === null && (a.deletedAt !== null || a.revision > b.revision)

/** Bytes that an event takes in memory without its text and receipts: measured from heap snapshots, rounded up. */
const eventByteSize = 1_000
const receiptByteSize = 150
/** A character takes two bytes as soon as one of its text is not Latin-1. */
const characterByteSize = 2

const byteSizeOf = ({ message, data }: LogEvent): number =>
  eventByteSize +
  (message?.text?.length ?? 0) * characterByteSize +
  (data && 'receipts' in data ? data.receipts.length : 0) * receiptByteSize

/** The newest events of one stream, one after the other without a gap. */
export class Ring {
  private events: LogEvent[] = []
  /** The newest edit or deletion in the ring for each message that has one, by the message's seq. */
  private readonly newest = new Map<number, LogEvent>()
  private byteSize = 0

  constructor(
    private readonly limits: RingLimits,
    private readonly memory: RingMemory,
  ) {}

  get maxEvents(): number {
    return this.limits.maxEvents
  }

  get length(): number {
    return this.events.length
  }

  get newestEvent(): LogEvent | undefined {
    return this.events.at(-1)
  }

  at(seq: number): LogEvent | undefined {
    const first = this.events[0]
    return first && seq >= first.seq ? this.events[seq - first.seq] : undefined
  }

  /** The event with the newest state of its message in the ring: deleted text must not be served from memory. */
  current(event: LogEvent): LogEvent {
    if (event.message === null) return event
    const newer = this.newest.get(event.messageSeq)?.message
    return newer && supersedes(newer, event.message) ? { ...event, message: newer } : event
  }

  push(event: LogEvent): void {
    this.events.push(event)
    this.byteSize += byteSizeOf(event)
    if (event.message !== null && infoOf(event.type).message === 'CHANGED') this.newest.set(event.messageSeq, event)
    const { maxEvents, maxByteSize } = this.limits
    while (this.events.length > maxEvents || (this.byteSize > maxByteSize && this.events.length > 1)) this.dropOldest()
    this.memory.note(this, this.byteSize)
  }

  clear(): void {
    this.events = []
    this.newest.clear()
    this.byteSize = 0
    this.memory.forget(this)
  }

  /** Drops the older half. Returns the bytes of what is left. */
  shrink(): number {
    for (let count = Math.ceil(this.events.length / 2); count > 0; count--) this.dropOldest()
    return this.byteSize
  }

  private dropOldest(): void {
    const oldest = this.events.shift()
    if (!oldest) return
    this.byteSize -= byteSizeOf(oldest)
    if (oldest.messageSeq !== null && this.newest.get(oldest.messageSeq) === oldest) {
      this.newest.delete(oldest.messageSeq)
    }
  }
}

/**
 * Bounds the memory of all rings of a process. Past the limit the rings that were quiet the longest lose their older half,
 * and move to the end of the line: a busy room must not take all from a hundred others.
 */
export class RingMemory {
  /** Byte sizes, those of the rings that changed last at the end. */
  private readonly byteSizes = new Map<Ring, number>()
  private totalByteSize = 0

  constructor(private readonly maxByteSize: number) {}

  note(ring: Ring, byteSize: number): void {
    this.resize(ring, byteSize)
    for (const quiet of this.byteSizes.keys()) {
      if (this.totalByteSize <= this.maxByteSize || quiet === ring) return
      this.resize(quiet, quiet.shrink())
    }
  }

  forget(ring: Ring): void {
    this.totalByteSize -= this.byteSizes.get(ring) ?? 0
    this.byteSizes.delete(ring)
  }

  private resize(ring: Ring, byteSize: number): void {
    this.forget(ring)
    if (byteSize === 0) return
    this.byteSizes.set(ring, byteSize)
    this.totalByteSize += byteSize
  }
}
