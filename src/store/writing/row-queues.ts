export interface Waiting<Item, Result> {
  item: Item
  askedAtMs: number
  resolve: (result: Result) => void
  reject: (error: unknown) => void
  timer?: NodeJS.Timeout
  /** In a statement that is in flight. */
  taken: boolean
  /** Its time was over: its outcome is dropped. */
  expired: boolean
}

export interface RowQueuesOptions<Item> {
  lockOf: (item: Item) => string
  keyOf: (item: Item) => string
  maxBatch: number
  timesToWait: number
}

/** The items that wait, in a queue for each row that they lock. At most one statement is in flight per row. */
export class RowQueues<Item, Result> {
  /** By row, in the order in which they came; the row whose turn is next comes first. */
  private readonly queues = new Map<string, Waiting<Item, Result>[]>()
  private readonly inFlight = new Set<string>()
  /** Rows that somebody else held, and how many times. */
  private readonly heldTimes = new Map<string, number>()

  constructor(private readonly options: RowQueuesOptions<Item>) {}

  add(waiting: Waiting<Item, Result>): void {
    const lock = this.options.lockOf(waiting.item)
    const queue = this.queues.get(lock)
    if (queue) queue.push(waiting)
    else this.queues.set(lock, [waiting])
  }

  /** True if at least `count` items could go now. */
  hasReady(count: number): boolean {
    let ready = 0
    for (const [lock, queue] of this.queues) {
      if (this.inFlight.has(lock)) continue
      ready += queue.length
      if (ready >= count) return true
    }
    return false
  }

  /** The next batch; its rows are in flight until `release`. */
  take(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = []
    const keys = new Set<string>()
    for (const [lock, queue] of this.queues) {
      if (batch.length === this.options.maxBatch) break
      if (this.inFlight.has(lock) || (batch.length > 0 && this.mustWait(lock))) continue
      const sizeBefore = batch.length
      const left = this.takeFrom(queue, batch, keys)
      if (left.length === 0) this.queues.delete(lock)
      if (batch.length === sizeBefore) {
        if (left.length === 0) this.heldTimes.delete(lock)
        continue
      }
      this.inFlight.add(lock)
      if (left.length > 0) {
        // To the end: of two busy rows neither keeps the other one waiting.
        this.queues.delete(lock)
        this.queues.set(lock, left)
      }
      if (this.mustWait(lock)) break
    }
    return batch
  }

  /** The row of an item was free. */
  wasFree(item: Item): void {
    this.heldTimes.delete(this.options.lockOf(item))
  }

  /** The rows of these items were held by somebody else: they go before what has come meanwhile. */
  putBack(held: readonly Waiting<Item, Result>[]): void {
    const byLock = new Map<string, Waiting<Item, Result>[]>()
    for (const waiting of held) {
      const lock = this.options.lockOf(waiting.item)
      byLock.set(lock, [...(byLock.get(lock) ?? []), waiting])
      waiting.taken = false
    }
    for (const [lock, items] of byLock) {
      this.heldTimes.set(lock, (this.heldTimes.get(lock) ?? 0) + 1)
      this.queues.set(lock, [...items, ...(this.queues.get(lock) ?? [])])
    }
  }

  /** The statement with this batch has come back. */
  release(batch: readonly Waiting<Item, Result>[]): void {
    for (const { item } of batch) {
      const lock = this.options.lockOf(item)
      this.inFlight.delete(lock)
      if (!this.queues.has(lock)) this.heldTimes.delete(lock)
    }
  }

  /** After being found held some times the items of a row go by themselves and wait for its lock. */
  private mustWait(lock: string): boolean {
    return (this.heldTimes.get(lock) ?? 0) >= this.options.timesToWait
  }

  /** Moves what fits from the queue to the batch; gives what is left of the queue. */
  private takeFrom(queue: Waiting<Item, Result>[], batch: Waiting<Item, Result>[], keys: Set<string>) {
    const left: Waiting<Item, Result>[] = []
    for (const waiting of queue) {
      if (waiting.expired) continue
      const key = this.options.keyOf(waiting.item)
      if (batch.length === this.options.maxBatch || keys.has(key)) {
        left.push(waiting)
        continue
      }
      keys.add(key)
      waiting.taken = true
      batch.push(waiting)
    }
    return left
  }
}
