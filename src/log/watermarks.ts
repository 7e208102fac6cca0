import type { Watermark } from '../store/watermark.ts'
import type { ResumePoint } from './resume-point.ts'
import type { Stream } from './stream.ts'

/** A watermark up to which every open stream of this process can be served. */
export interface Settled {
  /** The place of somebody who was told all of it. */
  point: ResumePoint & { base: Watermark }
  /** Number of the look that found it. */
  look: number
}

interface OpenStreams {
  get(streamId: string): Stream | undefined
  all(): Iterable<Stream>
}

/**
 * How far all streams of this process are served at once, by the looks of the relay: each finds a watermark and the streams that
 * moved since the look before. When the newest events of these are there, every open stream knows its place at that watermark, and
 * readers who were told that much can be said to stand at it.
 */
export class Watermarks {
  /** Looks begun so far: what was known before a look began is in what it finds. */
  begunCount = 0
  newest: Settled | null = null
  private found: { watermark: Watermark; look: number } | null = null
  /** Heads that the looks since `newest` found. */
  private heads = new Map<string, number>()
  private waiting = new Set<() => void>()
  /** Asks for a look before its time. Set by the relay. */
  onWanted: (() => void) | null = null

  constructor(private readonly open: OpenStreams) {}

  begin(): number {
    return ++this.begunCount
  }

  /** With no watermark only its heads count, for the looks after it. */
  note(look: number, watermark: Watermark | null, heads: readonly { streamId: string; headEventSeq: number }[]): void {
    if (watermark) this.found = { watermark, look }
    for (const { streamId, headEventSeq } of heads) {
      if (this.open.get(streamId)) this.heads.set(streamId, Math.max(headEventSeq, this.heads.get(streamId) ?? 0))
    }
    this.settle()
  }

  /** The log is of another history than the one that was found so far. */
  startOver(): void {
    this.newest = null
    this.found = null
    this.heads.clear()
  }

  /** Calls once when there is a newer watermark than this one, for which a look is made soon. Returns the way out. */
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
    // Whose readers are to be told that they know another history.
    for (const stream of this.open.all()) {
      if (!stream.isStartingOver) continue
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
