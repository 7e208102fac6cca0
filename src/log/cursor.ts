import type { LogEvent } from '../store/log-event.ts'
import type { Hub } from './hub.ts'
import { follows } from './mark.ts'
import type { ReadLog } from './read.ts'
import { Source } from '../flow/source.ts'
import type { Stream, StreamReader } from './stream.ts'

/** The log cannot go on from a reader's position; it goes on live from `headEventSeq`. */
export interface LostPlace {
  streamId: string
  reason: 'EXPIRED' | 'UNKNOWN_CURSOR'
  headEventSeq: number
  headMark: string
}

/** An event as a reader is given it. */
export interface EventItem<Event = LogEvent> {
  event: Event
  lost?: undefined
  /**
   * The newest event known to this reader when this one was read: what is loaded for it after that may be shared by all
   * items with the same one, since it cannot be older than any of them.
   */
  asOf?: LogEvent
  /**
   * What was answered for this event may be answered again to whoever reads it in the same epoch: nothing of it was
   * edited, deleted or taken away in between.
   */
  epoch?: object
}

/** Word that there is no going on from where the reader was. */
export interface LostItem {
  lost: LostPlace
  event?: undefined
  asOf?: undefined
  epoch?: undefined
}

export type LogItem = EventItem | LostItem

/** Events taken from the log at a time: all that a reader ever holds besides its positions. */
const pageSize = 100

/** Milliseconds until a failed reading of the log is tried again. */
const retryMs = 500

/** Milliseconds for which a reader may wait for its turn at the log while others get theirs. */
const maxInLineMs = 30_000

/** Events that one reading of the log gave, and how far the stream was known then. */
interface Page {
  place: Place
  events: LogEvent[]
  tipSeq: number
  asOf: LogEvent | undefined
}

/** Where a reader begins in a stream: a place that the database has proven, by its mark where that is known. */
export interface Start {
  streamId: string
  afterSeq: number
  mark?: string | null
  lost?: LostPlace
}

/** A reader's position in one stream. A class, so that ten thousand that wait have no function of their own. */
class Place implements StreamReader {
  /** Of the stream's histories the one that the position is in. */
  history: object

  constructor(
    private readonly cursor: Cursor,
    readonly stream: Stream,
    public afterSeq: number,
    /** Mark of that event, which the next one must follow; null when it is not known. */
    public mark: string | null,
  ) {
    this.history = stream.history
  }

  onMore(): void {
    this.cursor.wake(this)
  }

  /** False for an event of another history than that of the position: then everybody who reads the stream is told. */
  moveTo(event: LogEvent): boolean {
    if (!follows(event, this.mark)) {
      this.stream.startOver()
      return false
    }
    this.afterSeq = event.seq
    this.mark = event.mark
    return true
  }
}

/**
 * A reader's positions in one or more streams. Not a queue: `take` answers what stands after a position, from the ring
 * when it reaches back that far and from the log when it does not. So replay, going live, catching up after a lost bus
 * message and a slow reader are all the same code, and a reader that stops reading costs its positions and one page.
 *
 * Each stream's events come in order, each once; between streams there is no order.
 */
export class Cursor extends Source<LogItem> {
  private readonly places = new Map<string, Place>()
  /** Places that may have something to read, those that were served last at the end. */
  private readonly ready = new Set<Place>()
  private lost: LostPlace[] = []
  private page: Page | null = null
  /** When the reading of the log that is waited for began; null while none is. */
  private readingSinceMs: number | null = null
  private takenCount = 0
  private closed = false

  constructor(
    private readonly hub: Hub,
    private readonly readLog: ReadLog,
  ) {
    super()
  }

  get ended(): boolean {
    return this.closed
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

  /** It waits for its turn at the log, behind others that get theirs. That is not for ever. */
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
      // The position was read from the database, which may know more than what was announced here so far.
      stream.announce(afterSeq)
      if (lost) this.lost.push(lost)
      this.wake(place)
    })
  }

  /** One of its places may have something to read. */
  wake(place: Place): void {
    if (this.places.get(place.stream.streamId) !== place) return
    this.ready.add(place)
    this.onMore?.()
  }

  unfollow(streamId: string): void {
    const place = this.places.get(streamId)
    if (!place) return
    this.places.delete(streamId)
    this.ready.delete(place)
    if (this.page?.place === place) this.page = null
    this.lost = this.lost.filter((lost) => lost.streamId !== streamId)
    place.stream.forget(place)
    this.hub.release([streamId])
  }

  take(): LogItem | null {
    if (this.closed) return null
    const lost = this.lost.shift()
    if (lost) return { lost }
    if (this.page) {
      const item = this.takeFromPage(this.page)
      if (item) return item
    }
    if (this.readingSinceMs !== null) return null
    for (const place of this.ready) {
      // A busy stream must not starve the others: its place goes to the end of the line.
      this.ready.delete(place)
      const { stream, afterSeq } = place
      // Not while its head is being read.
      if (place.history !== stream.history && stream.tipSeq >= 0) return { lost: this.startOver(place) }
      if (afterSeq >= stream.tipSeq) {
        this.goOn(place)
        continue
      }
      const event = stream.at(afterSeq + 1)
      if (!event) {
        void this.turnPage(place)
        return null
      }
      const isNext = place.moveTo(event)
      this.goOn(place)
      if (!isNext) continue
      this.takenCount++
      return { event: stream.current(event), asOf: stream.newestEvent, epoch: stream.epoch }
    }
    return null
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
    // Deletions since may have left the ring already: what was read before them is read again.
    const event = stream.outran(tipSeq) ? undefined : events.shift()
    if (event && place.moveTo(event)) {
      this.takenCount++
      // The newest of now and not of the page: what others loaded before a deletion must not serve who reads after it.
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

  private startOver(place: Place): LostPlace {
    const { stream } = place
    const { streamId, tipSeq: headEventSeq, tipMark: headMark } = stream
    place.history = stream.history
    place.afterSeq = headEventSeq
    place.mark = headMark
    this.goOn(place)
    return { streamId, reason: 'UNKNOWN_CURSOR', headEventSeq, headMark }
  }

  /** A place is always in line, or waits for its stream, or the log is being read for it. */
  private goOn(place: Place): void {
    const { stream } = place
    const isBehind = place.history === stream.history && place.afterSeq < stream.tipSeq
    if (isBehind || (place.history !== stream.history && stream.tipSeq >= 0)) this.ready.add(place)
    else stream.whenMore(place)
  }

  private async turnPage(place: Place): Promise<void> {
    const { stream, afterSeq } = place
    const { streamId, tipSeq } = stream
    let events: LogEvent[]
    this.readingSinceMs = performance.now()
    try {
      events = await this.readLog({ streamId, afterSeq, limit: pageSize })
    } catch {
      // The database is away. The position stays, so nothing is lost by waiting; whoever asks it for an answer of
      // their own is told, and the relay logs it.
      setTimeout(() => this.wake(place), retryMs).unref()
      return
    } finally {
      this.readingSinceMs = null
      // Other places may have waited for this.
      if (this.ready.size > 0) this.onMore?.()
    }
    if (this.closed || this.places.get(streamId) !== place) return
    if (place.history !== stream.history) this.goOn(place)
    else if (events[0]?.seq === afterSeq + 1) {
      this.page = { place, events, tipSeq, asOf: events.at(-1) }
    } else {
      // Retention took what comes next. Silence would be a loss, so the reader is told, and goes on live.
      const { tipSeq: headEventSeq, tipMark: headMark } = stream
      place.afterSeq = headEventSeq
      place.mark = headMark
      this.lost.push({ streamId, reason: 'EXPIRED', headEventSeq, headMark })
      this.goOn(place)
    }
    this.onMore?.()
  }
}
