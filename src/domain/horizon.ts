import { streamStart } from '../log/mark.ts'
import type { Basis } from './basis.ts'

export { streamStart }

/** How far a stream has got, and the mark of its newest event. */
export interface Head {
  headEventSeq: number
  headMark: string
}

export interface Position {
  eventSeq: number
  mark: string
}

/**
 * Makes every StreamCursor of an answer safe to subscribe with: never newer than anything read for the same answer. The
 * statements of one request run side by side, each with its own snapshot. So each read notes the heads of the streams that
 * it saw, and a cursor is the least of them.
 */
export class Horizon {
  private readonly heads = new Map<string, Head>()
  private readonly running = new Set<Promise<unknown>>()

  constructor(private readonly basis?: Basis) {}

  /** The head of a stream in the snapshot that something was read from. */
  note(streamId: string, { headEventSeq, headMark }: Head): void {
    this.basis?.stream(streamId)
    const known = this.heads.get(streamId)
    if (!known || headEventSeq < known.headEventSeq) this.heads.set(streamId, { headEventSeq, headMark })
  }

  /** Notes the result of a read. A cursor waits for reads that began before its own. */
  async track<T>(read: Promise<T>, noteAll: (result: T) => void): Promise<T> {
    this.running.add(read)
    try {
      const result = await read
      noteAll(result)
      return result
    } finally {
      this.running.delete(read)
    }
  }

  /** The heads of all streams that were read for the same answer. */
  async places(): Promise<ReadonlyMap<string, Head>> {
    while (this.running.size > 0) await Promise.allSettled(this.running)
    return this.heads
  }

  /** The position of a cursor into this stream, whose head was just read. */
  async cursor(streamId: string, head: Head): Promise<Position> {
    // Reads note their results in the turn in which they settle; this loop sees them in the turn after.
    while (this.running.size > 0) await Promise.allSettled(this.running)
    const known = this.heads.get(streamId)
    const { headEventSeq, headMark } = known && known.headEventSeq < head.headEventSeq ? known : head
    return { eventSeq: headEventSeq, mark: headMark }
  }
}
