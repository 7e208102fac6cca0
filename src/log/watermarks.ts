import type { Watermark } from '../store/watermark.ts'
import type { ResumePoint } from './resume-point.ts'
import type { Stream } from './stream.ts'

/** A watermark up to which every open stream of this process can be served. */
export interface Settled {
  /** The point of a reader that was sent all of it. */
  point: ResumePoint & { base: Watermark }
  /** Number of the look that found it. */
  look: number
}

interface OpenStreams {
  get(streamId: string): Stream | undefined
  all(): Iterable<Stream>
}

/**
 * How far all streams of this process can be served, from the looks of the relay. Each look finds a watermark and the
 * streams that moved since the look before. Once the newest events of these streams are here, every open stream knows its
 * position at that watermark, and a reader that was sent that much stands at it.
 */
export class Watermarks {
  /** Looks begun so far: a look finds everything that was known before it began. */
  begunCount = 0
  newest: Settled | null = null
  private found: { watermark: Watermark; look: number } | null = null
  /** Heads that the looks after `newest` found. */
  private heads = new Map<string, number>()
  private waiting = new Set<() => void>()
  /** Asks for a look before its time. Set by the relay. */
  onWanted: (() => void) | null = null

  constructor(private readonly open: OpenStreams) {}

  begin(): number {
    return ++this.begunCount
  }

  /** Without a watermark only its heads count, for later looks. */
  note(look: number, watermark: Watermark | null, heads: readonly { streamId: string; headEventSeq: number }[]): void {
    if (watermark) this.found = { watermark, look }
    for (const { streamId, headEventSeq } of heads) {
      if (this.open.get(streamId)) this.heads.set(streamId, Math.max(headEventSeq, this.heads.get(streamId) ?? 0))
    }
    this.settle()
  }

  /** The log turned out to have another history than the one found so far. */
  startOver(): void {
    this.newest = null
    this.found = null
    this.heads.clear()
  }

  /** Calls once when there is a newer watermark, for which a look is made soon. Returns the function that stops waiting. */
  whenNewer(listener: () => void): () => void {
    this.waiting.add(listener)
    this.onWanted?.()
    return () => this.waiting.delete(listener)
  }

  private settle(): void {
    const { found } = this
    if (!found) return
    for (const [streamId, seq] of this.heads) {
      const stream = this.open.get(streamId)
      if (!stream || stream.tipSeq >= seq) continue
      stream.whenMore({ onMore: () => this.settle() })
      return
    }
    // Readers of these streams must first be told that they know another history, or what the log did not give yet when
    // the stream was opened: no look finds that again.
    for (const stream of this.open.all()) {
      if (!stream.isStartingOver && !stream.isShortOfWatermark) continue
      stream.whenMore({ onMore: () => this.settle() })
      return
    }
    for (const [streamId, seq] of this.heads) {
      const stream = this.open.get(streamId)
      if (stream) stream.watermarkSeq = Math.max(stream.watermarkSeq, seq)
    }
    this.heads.clear()
    this.found = null
    const { look, watermark: base } = found
    this.newest = { look, point: { base, sweep: null, exceptions: [] } }
    const { waiting } = this
    this.waiting = new Set()
    for (const listener of waiting) listener()
  }
}
