import type { LogEvent } from '../store/rows.ts'
import type { Hub } from './hub.ts'
import type { ReadLog } from './read.ts'
import type { Stream } from './stream.ts'

/** The log cannot go on from a reader's position; it goes on live from `headEventSeq`. */
export interface LostPlace {
  streamId: string
  reason: 'EXPIRED' | 'UNKNOWN_CURSOR'
  headEventSeq: number
}

export interface LogItem {
  /** Set unless `lost` is. */
  event?: LogEvent
  lost?: LostPlace
  /**
   * The newest event known to this reader when this one was read: what is loaded for it after that may be shared by all
   * items with the same one, since it cannot be older than any of them.
   */
  asOf?: LogEvent
}

/** Events taken from the ring or the log at a time: all that a reader ever holds besides its positions. */
const pageSize = 100

/** Milliseconds until a failed reading of the log is tried again. */
const retryMs = 500

interface Page {
  place: Place
  events: LogEvent[]
  /** The stream's tip when the page was read. */
  tipSeq: number
  asOf: LogEvent | undefined
}

interface Place {
  stream: Stream
  afterSeq: number
  onMore: () => void
}

/**
 * A reader's positions in one or more streams. Not a queue: `next` answers what stands after a position, from the ring
 * when it reaches back that far and from the log when it does not. So replay, going live, catching up after a lost bus
 * message and a slow reader are all the same code, and a reader that stops reading costs its positions and one page.
 *
 * Each stream's events come in order, each once; between streams there is no order.
 */
export class Cursor {
  private readonly places = new Map<string, Place>()
  private readonly ready = new Set<Place>()
  private lost: LostPlace[] = []
  private page: Page | null = null
  private wake: (() => void) | null = null
  private closed = false

  constructor(
    private readonly hub: Hub,
    private readonly readLog: ReadLog,
  ) {}

  /** Starts reading these streams after the given positions. Streams that are followed already stay as they are. */
  async follow(starts: readonly { streamId: string; afterSeq: number; lost?: LostPlace }[]): Promise<void> {
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
    wanted.forEach(({ streamId, afterSeq, lost }, index) => {
      const stream = streams[index]
      if (!stream) throw new Error(`stream ${streamId} was not opened`)
      const place: Place = {
        stream,
        afterSeq,
        onMore: () => {
          if (this.places.get(streamId) !== place) return
          this.ready.add(place)
          this.wakeUp()
        },
      }
      this.places.set(streamId, place)
      stream.listeners.add(place.onMore)
      // The position was read from the database, which may know more than what was announced here so far.
      stream.announce(afterSeq)
      if (lost) this.lost.push(lost)
      place.onMore()
    })
  }

  unfollow(streamId: string): void {
    const place = this.places.get(streamId)
    if (!place) return
    this.places.delete(streamId)
    this.ready.delete(place)
    if (this.page?.place === place) this.page = null
    this.lost = this.lost.filter((lost) => lost.streamId !== streamId)
    place.stream.listeners.delete(place.onMore)
    this.hub.release([streamId])
  }

  /** The next item, as soon as there is one; null once closed. One call at a time. */
  async next(): Promise<LogItem | null> {
    while (!this.closed) {
      const lost = this.lost.shift()
      if (lost) return { lost }
      const item = this.takeFromPage()
      if (item) return item
      const [place] = this.ready
      if (!place) {
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
        continue
      }
      this.ready.delete(place)
      await this.turnPage(place)
    }
    return null
  }

  /** Settles a waiting `next` at once. Idempotent. */
  close(): void {
    if (this.closed) return
    this.closed = true
    for (const { stream, onMore } of this.places.values()) stream.listeners.delete(onMore)
    this.hub.release([...this.places.keys()])
    this.places.clear()
    this.ready.clear()
    this.lost = []
    this.page = null
    this.wakeUp()
  }

  private wakeUp(): void {
    this.wake?.()
    this.wake = null
  }

  private takeFromPage(): LogItem | null {
    if (!this.page) return null
    const { place, events, tipSeq, asOf } = this.page
    const event = place.stream.outran(tipSeq) ? undefined : events.shift()
    if (event) {
      place.afterSeq = event.seq
      // The newest of now and not of the page: what others loaded before a deletion must not serve who reads after it.
      const [newest] = place.stream.after(place.stream.tipSeq - 1, 1) ?? []
      return { event: place.stream.current(event), asOf: newest && asOf && newest.seq > asOf.seq ? newest : asOf }
    }
    this.page = null
    // At the end of the line: a busy stream must not starve the others.
    if (place.afterSeq < place.stream.tipSeq) this.ready.add(place)
    return null
  }

  private async turnPage(place: Place): Promise<void> {
    const { stream, afterSeq } = place
    const tipSeq = stream.tipSeq
    if (afterSeq >= tipSeq) return
    let events: LogEvent[]
    try {
      events =
        stream.after(afterSeq, pageSize) ??
        (await this.readLog({ streamId: stream.streamId, afterSeq, limit: pageSize }))
    } catch {
      // The database is away. The position stays, so nothing is lost by waiting; whoever asks it for an answer of
      // their own is told, and the relay logs it.
      setTimeout(place.onMore, retryMs).unref()
      return
    }
    if (this.closed || this.places.get(stream.streamId) !== place) return
    if (events[0]?.seq === afterSeq + 1) {
      this.page = { place, events, tipSeq, asOf: events.at(-1) }
      return
    }
    // Retention took what comes next. Silence would be a loss, so the reader is told, and goes on live.
    place.afterSeq = stream.tipSeq
    this.lost.push({ streamId: stream.streamId, reason: 'EXPIRED', headEventSeq: place.afterSeq })
  }
}
