/**
 * Makes every StreamCursor of an answer safe to subscribe with: never newer than anything read for the same answer.
 * Statements of one request run side by side, each with its own snapshot, so each notes how far the streams it saw had
 * got, and a cursor is the least of them.
 */
export class Horizon {
  private readonly heads = new Map<string, number>()
  private readonly running = new Set<Promise<unknown>>()

  /** The head of a stream in the snapshot that something was read from. */
  note(streamId: string, headEventSeq: number): void {
    this.heads.set(streamId, Math.min(headEventSeq, this.heads.get(streamId) ?? headEventSeq))
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

  /** eventSeq of a cursor into this stream, whose head was just read as `headEventSeq`. */
  async cursor(streamId: string, headEventSeq: number): Promise<number> {
    // Their notes are made in the same turn in which they settle; the turn after it sees them.
    while (this.running.size > 0) await Promise.allSettled(this.running)
    return Math.min(headEventSeq, this.heads.get(streamId) ?? headEventSeq)
  }
}
