import type { LogEvent } from '../store/log-event.ts'
import type { Hub } from './hub.ts'
import { Place } from './place.ts'
import type { ReadLog } from './read.ts'
import { Source } from '../flow/source.ts'
import type { LogItem, LostPlace } from './items.ts'

/** Events that one read of the log takes: all that a reader holds besides its positions. */
const pageSize = 100
/** Milliseconds until a failed reading of the log is tried again. */
const retryMs = 500
/** Milliseconds for which a reader may wait for its turn to read the log while other readers get theirs. */
const maxInLineMs = 30_000

/** The events of one read of the log, and how far the stream was known at that time. */
interface Page {
  place: Place
  events: LogEvent[]
  tipSeq: number
  asOf: LogEvent | undefined
}

/** Where a reader begins in a stream. The database has confirmed this position, by its mark if the mark is known. */
export interface Start {
  streamId: string
  afterSeq: number
  mark?: string | null
  lost?: LostPlace
}

/**
 * A reader's positions in one or more streams. Not a queue: `take` answers what stands after a position, from the ring
 * when it reaches back that far and from the log when it does not. So replay, going live, catching up after a lost bus
 * message and a slow reader are all the same code, and a reader that stops reading costs its positions and one page.
 *
 * Each stream's events come in order, each once; between streams there is no order.
 */
export class Cursor extends Source<LogItem> {
  protected readonly places = new Map<string, Place>()
  /** Places that may have something to read. The place served last is at the end. */
  private readonly ready = new Set<Place>()
  /** Places that are not in line because a read of the log is in flight for them. */
  private readonly busy = new Set<Place>()
  private lost: LostPlace[] = []
  private page: Page | null = null
  /** When the read of the log that is in flight began; null while there is none. */
  private readingSinceMs: number | null = null
  private takenCount = 0
  protected closed = false

  constructor(
    protected readonly hub: Hub,
    private readonly readLog: ReadLog,
  ) {
    super()
  }

  get ended(): boolean {
    return this.closed
  }

  override get streamCount(): number {
    return this.places.size
  }

  override get progress(): number {
    return this.takenCount
  }

  override get isBehind(): boolean {
    if (this.closed || this.isInLine) return false
    if (this.lost.length > 0) return true
    for (const { stream, afterSeq } of this.places.values()) if (afterSeq < stream.knownSeq) return true
    return false
  }

  override get waitsFor(): string {
    if (this.readingSinceMs !== null) return 'a reading of the log'
    const late = [...this.places.values()].find(({ stream, afterSeq }) => afterSeq < stream.knownSeq)
    return late ? `${late.stream.streamId}: it is at ${String(late.afterSeq)} of ${String(late.stream.knownSeq)}` : ''
  }

  /** Whether the read only waits behind other reads that do end. False after 30 s: nobody waits for ever. */
  private get isInLine(): boolean {
    const { readingSinceMs } = this
    return readingSinceMs !== null && this.readLog.isMoving === true && performance.now() - readingSinceMs < maxInLineMs
  }

  /** Starts reading these streams after the given positions. Streams that are followed already stay as they are. */
  async follow(starts: readonly Start[]): Promise<void> {
    const wanted = starts.filter(({ streamId }) => !this.places.has(streamId))
    if (wanted.length === 0) return
    const streamIds = wanted.map(({ streamId }) => streamId)
    const streams = await this.hub.acquire(
      streamIds,
      wanted.map(({ afterSeq }) => afterSeq),
    )
    if (this.closed) {
      this.hub.release(streamIds)
      return
    }
    wanted.forEach(({ streamId, afterSeq, mark = null, lost }, index) => {
      const stream = streams[index]
      if (!stream) throw new Error(`stream ${streamId} was not opened`)
      const place = new Place(this, stream, afterSeq, mark)
      this.places.set(streamId, place)
      // The position was read from the database, which may be ahead of the announcements here.
      stream.announce(afterSeq)
      if (lost) this.lost.push(lost)
      this.wake(place)
    })
    this.followed(wanted)
  }

  /** Called after it follows more streams, and after it has left one. */
  protected followed(_starts: readonly Start[]): void {}
  protected left(_streamId: string): void {}

  /** Puts a place in line: it may have something to read. */
  wake(place: Place): void {
    if (this.places.get(place.stream.streamId) !== place) return
    this.busy.delete(place)
    this.ready.add(place)
    this.onMore?.()
  }

  unfollow(streamId: string): void {
    const place = this.places.get(streamId)
    if (!place) return
    this.places.delete(streamId)
    this.ready.delete(place)
    this.busy.delete(place)
    this.left(streamId)
    if (this.page?.place === place) this.page = null
    this.lost = this.lost.filter((lost) => lost.streamId !== streamId)
    place.stream.forget(place)
    this.hub.release([streamId])
  }

  take(): LogItem | null {
    return this.closed ? null : (this.takeLost() ?? this.takeNext())
  }

  /** Tells the reader that a stream, which it may not follow yet, cannot continue from its position. */
  protected lose(lost: LostPlace): void {
    this.lost.push(lost)
  }

  protected takeLost(): LogItem | null {
    const lost = this.lost.shift()
    return lost ? { lost } : null
  }

  /** Whether a place that is in line may be served now. */
  protected admits(_place: Place): boolean {
    return true
  }

  protected takeNext(): LogItem | null {
    if (this.page) {
      const item = this.takeFromPage(this.page)
      if (item) return item
    }
    if (this.readingSinceMs !== null) return null
    for (const place of this.ready) {
      if (!this.admits(place)) continue
      const item = this.takeFrom(place, pageSize)
      if (item !== undefined) return item
    }
    return null
  }

  /** The next event of this place alone. One read of the log takes at most `limit` events. */
  protected takeFromOne(place: Place, limit: number): LogItem | null {
    if (this.page?.place === place) {
      const item = this.takeFromPage(this.page)
      if (item) return item
    } else if (this.page) this.closePage(this.page)
    return this.readingSinceMs === null ? (this.takeFrom(place, limit) ?? null) : null
  }

  /** Undefined: the stream has nothing new. Null: a read of the log is in flight for it. */
  private takeFrom(place: Place, limit: number): LogItem | null | undefined {
    // A busy stream must not starve the others: its place goes to the end of the line.
    this.ready.delete(place)
    const { stream, afterSeq } = place
    // While the head is being read there is no position to start over at.
    if (place.history !== stream.history && stream.tipSeq >= 0) return { lost: this.startOver(place, 'UNKNOWN_CURSOR') }
    if (afterSeq >= stream.tipSeq) {
      this.goOn(place)
      return undefined
    }
    const event = place.next()
    if (!event) {
      void this.turnPage(place, Math.min(pageSize, limit))
      return null
    }
    const isNext = place.moveTo(event)
    this.goOn(place)
    if (!isNext) return undefined
    this.takenCount++
    return { event: stream.current(event), asOf: stream.newestEvent, epoch: stream.epoch }
  }

  /** All places that may have something to read, also those with a read in flight. */
  protected get notWaiting(): ReadonlySet<Place> {
    return this.busy.size === 0 ? this.ready : new Set([...this.ready, ...this.busy])
  }

  /** Idempotent. */
  end(): void {
    if (this.closed) return
    this.closed = true
    for (const place of this.places.values()) place.stream.forget(place)
    this.hub.release([...this.places.keys()])
    this.places.clear()
    this.ready.clear()
    this.lost = []
    this.page = null
    this.onMore?.()
  }

  private takeFromPage({ place, events, tipSeq, asOf }: Page): LogItem | null {
    const { stream } = place
    if (place.history !== stream.history) events.length = 0
    // The ring may already have dropped deletions that came after this read: then the log is read again.
    const event = stream.outran(tipSeq) ? undefined : events.shift()
    if (event && place.moveTo(event)) {
      this.takenCount++
      // The newest event now, not when the page was read: data loaded before a deletion must not serve a reader after it.
      const newest = stream.newestEvent
      return {
        event: stream.current(event),
        asOf: newest && asOf && newest.seq > asOf.seq ? newest : asOf,
        epoch: stream.epoch,
      }
    }
    this.page = null
    this.goOn(place)
    return null
  }

  private closePage({ place }: Page): void {
    this.page = null
    this.goOn(place)
  }

  private startOver(place: Place, reason: LostPlace['reason']): LostPlace {
    const { stream } = place
    const { streamId, tipSeq: headEventSeq, tipMark: headMark } = stream
    place.history = stream.history
    place.afterSeq = headEventSeq
    place.mark = headMark
    this.goOn(place)
    return { streamId, reason, headEventSeq, headMark }
  }

  /** A place is always in line, or waits for its stream, or has a read of the log in flight. */
  private goOn(place: Place): void {
    const { stream } = place
    this.busy.delete(place)
    const isBehind = place.history === stream.history && place.afterSeq < stream.tipSeq
    if (isBehind || (place.history !== stream.history && stream.tipSeq >= 0)) this.ready.add(place)
    else stream.whenMore(place)
  }

  private async turnPage(place: Place, limit: number): Promise<void> {
    const { stream, afterSeq } = place
    const { streamId, tipSeq } = stream
    let events: LogEvent[]
    this.readingSinceMs = performance.now()
    this.busy.add(place)
    try {
      events = await this.readLog({ streamId, afterSeq, limit })
    } catch {
      // The database is away. The position stays, so waiting loses nothing. A request that needs an answer of its own gets
      // the error, and the relay logs it.
      setTimeout(() => this.wake(place), retryMs).unref()
      return
    } finally {
      this.readingSinceMs = null
      // Other places may have waited for this read to end.
      if (this.ready.size > 0) this.onMore?.()
    }
    if (this.closed || this.places.get(streamId) !== place) return
    const [first] = events
    if (place.history !== stream.history) this.goOn(place)
    else if (first?.seq === afterSeq + 1) {
      this.page = { place, events, tipSeq, asOf: events.at(-1) }
    } else if (first ? first.seq > stream.tipSeq + 1 : stream.knownSeq > stream.tipSeq) {
      // Retention removed those after the tip too, which the stream is about to skip: from here the place would be lost twice.
      if (first) stream.announce(first.seq)
      // It stays among the busy ones: it is behind, and must not be taken for a place that has read everything.
      stream.whenMore(place)
      // Retention removed the next events. Silence would hide the loss: the reader is told, and continues live.
    } else this.lost.push(this.startOver(place, 'EXPIRED'))
    this.onMore?.()
  }
}
