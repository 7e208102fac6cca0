import { within } from '../flow/deadline.ts'
import type { LogEvent } from '../store/log-event.ts'
import { infoOf } from './event-types.ts'
import { follows, streamStart } from './mark.ts'
import type { ReadLog } from './read.ts'
import type { Ring } from './ring.ts'

/** Milliseconds that a missing event may be late on the bus before the gap is read from the log. */
const reorderGraceMs = 15
/** Milliseconds until a failed reading of a gap is tried again. */
const retryMs = 500
/** Most events kept that arrived too early, while one before them is missing: no ring counts their bytes. */
const maxEarly = 256
/** Milliseconds until a read of a gap is given up; the log's own time limits are shorter. */
const fillTimeoutMs = 5_000
/** Events fetched at a time when a gap is filled. */
const gapPageSize = 200

/** How far a stream has got, and the mark of its newest event. */
export interface StreamHead {
  headEventSeq: number
  headMark: string
}

const notInTime = () => new Error('the log was not read in time')

/** Who reads a stream, from a position of its own. */
export interface StreamReader {
  /** Called when there is something after the tip that it waited at. */
  onMore(): void
}

export interface StreamOptions {
  streamId: string
  /** Where its newest events are kept. */
  ring: Ring
  readLog: ReadLog
  /** The head as the database has it. */
  readHead: () => Promise<StreamHead>
  onError: (error: unknown) => void
}

/**
 * One stream with readers in this process: how far it is known (`tip`), and a ring of its newest events.
 *
 * Events come from local writers, the bus and the relay, in any order, twice or never. They enter the ring strictly one
 * after the other. An event that comes early waits a moment for the one before it, and then the gap is read from the log.
 * Each event names the mark of the one before it. If that is not the mark of the tip, the event is of another history, and
 * the stream starts over.
 */
export class Stream {
  readonly streamId: string
  /** Readers that have read everything. */
  private waiting = new Set<StreamReader>()
  private readonly ring: Ring
  /** Where the ring was emptied: an event read before that may hold a text that is gone. */
  private forgottenSeq = -1
  /** Null until the head was read. */
  private tip: number | null = null
  /** Its readers must be told that it has another history, as soon as its head is known. */
  isStartingOver = false
  /** Mark of the event at the tip. */
  tipMark: string = streamStart.headMark
  /** The newest seq that is known; higher than the tip while an event is missing. */
  private announced = 0
  private readonly early = new Map<number, LogEvent>()
  private timer: NodeJS.Timeout | null = null
  private filling = false
  private closed = false

  constructor(private readonly options: StreamOptions) {
    this.streamId = options.streamId
    this.ring = options.ring
  }

  /** Replaced when the result of an earlier event may have changed: by an edit, say, and not by a new message or a receipt. */
  epoch: object = {}

  /** Replaced when the log turned out to have another history, as after a restore under a running process: no position is valid. */
  history: object = {}

  /** Its position at the newest watermark of this process; its head, if it was opened after that. */
  watermarkSeq = 0

  /** Whether events up to its position at the newest watermark are still missing here. */
  get isShortOfWatermark(): boolean {
    return this.tip !== null && this.tip < this.watermarkSeq
  }

  /** seq of the newest event that readers can be served; -1 before the head is known. */
  get tipSeq(): number {
    return this.tip ?? -1
  }

  /** seq of the newest known event: higher than the tip while an event is missing. */
  get knownSeq(): number {
    return Math.max(this.tipSeq, this.announced)
  }

  /** Sets where the ring starts: everything up to there is in the log. Later calls count as announcements. */
  start({ headEventSeq, headMark }: StreamHead): void {
    if (this.tip !== null) {
      this.announce(headEventSeq)
      return
    }
    this.tip = headEventSeq
    this.tipMark = headMark
    this.isStartingOver = false
    this.announced = Math.max(this.announced, headEventSeq)
    this.drain()
    this.repair(0)
  }

  offer(event: LogEvent): void {
    if (this.tip !== null && event.seq <= this.tip) {
      if (!this.agreesWith(event.seq, event.mark)) this.startOver()
      return
    }
    this.announced = Math.max(this.announced, event.seq)
    // Events beyond this number are read from the log together with the gap.
    if (this.early.size < Math.min(maxEarly, this.ring.maxEvents)) this.early.set(event.seq, event)
    this.drain()
    this.repair(reorderGraceMs)
  }

  /** Drops everything and begins at the head as the database has it now. All readers are told, waiting ones too. */
  startOver(): void {
    // A stream whose head was not read yet has served nobody.
    if (this.closed || this.tip === null) return
    this.history = {}
    this.epoch = {}
    this.isStartingOver = true
    this.tip = null
    this.announced = 0
    this.early.clear()
    this.ring.clear()
    void this.beginAnew()
  }

  /** Whether an event of this number, at the tip or before it, may be the one that readers were served. */
  agreesWith(seq: number, mark: string): boolean {
    const known = seq === this.tip ? this.tipMark : this.ring.at(seq)?.mark
    return known === undefined || known === mark
  }

  /** There is an event with this seq; its content is not known yet. */
  announce(seq: number): void {
    if (seq <= this.announced) return
    this.announced = seq
    this.repair(reorderGraceMs)
  }

  /** The event with this seq when the ring has it; otherwise it must be read from the log. */
  at(seq: number): LogEvent | undefined {
    return this.ring.at(seq)
  }

  /** The newest event in the ring. */
  get newestEvent(): LogEvent | undefined {
    return this.ring.newestEvent
  }

  /** The event with the newest state of its message in the ring: deleted text must not be served from memory. */
  current(event: LogEvent): LogEvent {
    return this.ring.current(event)
  }

  /** Whether the ring may have dropped edits and deletions since the tip was `tipSeq`, so that `current` misses them. */
  outran(tipSeq: number): boolean {
    return tipSeq < this.forgottenSeq || this.tipSeq - tipSeq > this.ring.length
  }

  /**
   * Calls a reader that stands at the tip once, when there is something after it. A reader that has read that calls this
   * again, so a busy stream does not call readers that are still behind.
   */
  whenMore(reader: StreamReader): void {
    this.waiting.add(reader)
  }

  /** For a reader that leaves. */
  forget(reader: StreamReader): void {
    this.waiting.delete(reader)
  }

  close(): void {
    this.closed = true
    if (this.timer) clearTimeout(this.timer)
    this.waiting.clear()
    this.ring.clear()
    this.early.clear()
  }

  private async beginAnew(): Promise<void> {
    try {
      const head = await this.options.readHead()
      if (this.closed) return
      this.watermarkSeq = head.headEventSeq
      this.start(head)
      this.forgottenSeq = this.tipSeq
      this.tell()
    } catch (error) {
      this.options.onError(error)
      setTimeout(() => void this.beginAnew(), retryMs).unref()
    }
  }

  private drain(): void {
    // Events that a read of the log brings to a closed stream would take memory that nobody frees.
    if (this.tip === null || this.closed) return
    const before = this.tip
    for (const seq of this.early.keys()) if (seq <= before) this.early.delete(seq)
    let next = this.early.get(this.tip + 1)
    while (next) {
      this.early.delete(next.seq)
      if (!follows(next, this.tipMark)) {
        this.startOver()
        return
      }
      this.push(next)
      next = this.early.get(next.seq + 1)
    }
    if (this.tip > before) this.tell()
  }

  private tell(): void {
    const { waiting } = this
    if (waiting.size === 0) return
    this.waiting = new Set()
    for (const reader of waiting) reader.onMore()
  }

  private push(event: LogEvent): void {
    this.tip = event.seq
    this.tipMark = event.mark
    const { resetsEpoch, erasesTexts } = infoOf(event.type)
    if (resetsEpoch) this.epoch = {}
    if (erasesTexts(event.data)) this.forgetAll()
    this.ring.push(event)
  }

  private repair(delayMs: number): void {
    if (this.closed || this.tip === null || this.announced <= this.tip || this.filling) return
    this.timer ??= setTimeout(() => {
      this.timer = null
      void this.fillGap()
    }, delayMs)
  }

  private async fillGap(): Promise<void> {
    this.filling = true
    let failed = false
    try {
      while (!this.closed && this.tip !== null && this.announced > this.tip) {
        const tip = this.tip
        const reading = this.options.readLog({ streamId: this.streamId, afterSeq: tip, limit: gapPageSize })
        const events = await within(fillTimeoutMs, reading, notInTime)
        // Events from the log are newer than those waiting here: an edit or deletion may have come since.
        for (const event of events) this.early.set(event.seq, event)
        // The ring starts anew there; the event itself comes in the same turn, before a reader looks.
        const [first] = events
        if (first && first.seq > tip + 1 && this.skipTo(first.seq - 1)) this.tipMark = first.markBefore ?? this.tipMark
        this.drain()
        if (events.length === 0) {
          // Retention removed all of it, and readers will find the gap; or the bus announced an event that never existed.
          const { announced } = this
          const head = await within(fillTimeoutMs, this.options.readHead(), notInTime)
          const headSeq = Math.max(tip, head.headEventSeq)
          if (this.announced === announced) this.announced = headSeq
          if (this.skipTo(headSeq)) {
            this.tipMark = head.headMark
            this.tell()
          }
        }
      }
    } catch (error) {
      failed = true
      this.options.onError(error)
    } finally {
      this.filling = false
      this.repair(failed ? retryMs : 0)
    }
  }

  /** Memory holds texts that are gone from the database: earlier events are read from the log again. */
  private forgetAll(): void {
    this.epoch = {}
    this.forgottenSeq = this.tipSeq
    this.ring.clear()
  }

  /** The log no longer has the missing events: the ring starts anew after them. */
  private skipTo(seq: number): boolean {
    if (this.tip === null || seq <= this.tip) return false
    this.tip = seq
    this.forgetAll()
    return true
  }
}
