import type { LogEvent } from '../store/log-event.ts'
import { follows } from './mark.ts'
import type { Stream, StreamReader } from './stream.ts'

/** A reader's position in one stream. A class, so that ten thousand that wait have no function of their own. */
export class Place implements StreamReader {
  /** Of the stream's histories the one that the position is in. */
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

  /** Whether it stands before the newest watermark, or in a history that is no more. */
  get isBehindWatermark(): boolean {
    return this.history !== this.stream.history || this.afterSeq < this.stream.watermarkSeq
  }
}
