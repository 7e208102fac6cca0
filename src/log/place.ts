import type { LogEvent } from '../store/log-event.ts'
import { readerTook } from '../telemetry/facts.ts'
import { follows } from './mark.ts'
import type { Stream, StreamReader } from './stream.ts'

/** The same each time, as this is told for each event of each reader. */
const fromMemory = { isInMemory: true } as const

/** A reader's position in one stream. A class, so that ten thousand waiting readers have no functions of their own. */
export class Place implements StreamReader {
  /** The history of the stream that the position belongs to. */
  history: object

  constructor(
    private readonly cursor: { wake(place: Place): void },
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

  /** The next event, if it is in memory. */
  next(): LogEvent | undefined {
    const { stream, afterSeq } = this
    const event = stream.at(afterSeq + 1)
    if (readerTook.hasSubscribers)
      readerTook.publish(event ? fromMemory : { isInMemory: false, behindCount: stream.knownSeq - afterSeq })
    return event
  }

  /** False for an event of another history than the position's: then all readers of the stream are told. */
  moveTo(event: LogEvent): boolean {
    if (!follows(event, this.mark)) {
      this.stream.startOver()
      return false
    }
    this.afterSeq = event.seq
    this.mark = event.mark
    return true
  }

  /** Whether it is before the newest watermark, or in a history that is gone. */
  get isBehindWatermark(): boolean {
    return this.history !== this.stream.history || this.afterSeq < this.stream.watermarkSeq
  }
}
