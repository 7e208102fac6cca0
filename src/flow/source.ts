/**
 * Something that can be read without waiting: `take` returns what is there now. So one turn of the event loop can serve a
 * thousand readers, which a promise for each of them would not allow. A reader of single items can also iterate. return()
 * settles at once, also while next() waits: graphql-ws cannot clean up an async generator that waits.
 */
export abstract class Source<Item> implements AsyncIterableIterator<Item> {
  /** Called when `take` may have something again, and when the source has ended. Set by the reader. */
  onMore: (() => void) | null = null

  /** The next item; null when there is none at the moment, or the source has ended. */
  abstract take(): Item | null

  /** True once there will never be another item. */
  abstract get ended(): boolean

  /** Idempotent. */
  abstract end(): void

  /**
   * Grows with everything that the source does, for its reader or not: a source that is behind and does not grow is stuck.
   */
  get progress(): number {
    return 0
  }

  /** Whether it should have something for its reader, as far as this process knows. */
  get isBehind(): boolean {
    return false
  }

  /** How many streams of events it follows: what opening it cost. */
  get streamCount(): number {
    return 1
  }

  /** What it waits for while it is behind, for the log. */
  get waitsFor(): string {
    return ''
  }

  /**
   * Where a reader that comes back continues after this item, as a text; with null, the beginning of this source. Null if
   * the source has no positions because it only gives the current state.
   */
  placeAfter(_item: Item | null): string | null {
    return null
  }

  /** One call at a time. */
  async next(): Promise<IteratorResult<Item, undefined>> {
    for (;;) {
      const item = this.take()
      if (item !== null) return { done: false, value: item }
      if (this.ended) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.onMore = resolve
      })
    }
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
