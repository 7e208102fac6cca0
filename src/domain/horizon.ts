import { streamStart } from '../log/mark.ts'

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
 * Makes every StreamCursor of an answer safe to subscribe with: never newer than anything read for the same answer.
 * Statements of one request run side by side, each with its own snapshot, so each notes how far the streams it saw had
 * got, and a cursor is the least of them.
 */
export class Horizon {
  private readonly heads = new Map<string, Head>()
  private readonly running = new Set<Promise<unknown>>()

  /** The head of a stream in the snapshot that something was read from. */
  note(streamId: string, { headEventSeq, headMark }: Head): void {
    const known = this.heads.get(streamId)
    if (!known || headEventSeq < known.headEventSeq) this.heads.set(streamId, { headEventSeq, headMark })
  }

  /** A read that notes what it saw: a cursor waits for those that began before it was read itself. */
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

  /** How far all streams had got that were read for the same answer. */
  async places(): Promise<ReadonlyMap<string, Head>> {
    while (this.running.size > 0) await Promise.allSettled(this.running)
    return this.heads
  }

  /** The place of a cursor into this stream, whose head was just read. */
  async cursor(streamId: string, head: Head): Promise<Position> {
    // Their notes are made in the same turn in which they settle; the turn after it sees them.
    while (this.running.size > 0) await Promise.allSettled(this.running)
    const known = this.heads.get(streamId)
    const { headEventSeq, headMark } = known && known.headEventSeq < head.headEventSeq ? known : head
    return { eventSeq: headEventSeq, mark: headMark }
  }
}
