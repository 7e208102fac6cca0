export interface Waiting<Item, Result> {
  item: Item
  askedAtMs: number
  resolve: (result: Result) => void
  reject: (error: unknown) => void
  timer?: NodeJS.Timeout
  /** It is part of a statement in flight. */
  taken: boolean
  /** Its deadline has passed: its outcome is dropped. */
  expired: boolean
}

export interface RowQueuesOptions<Item> {
  lockOf: (item: Item) => string
  keyOf: (item: Item) => string
  /** Whether the item must have a statement of its own. */
  isAlone: (item: Item) => boolean
  maxBatch: number
  timesToWait: number
}

/** The waiting items, in one queue for each row that they lock. At most one statement is in flight per row. */
export class RowQueues<Item, Result> {
  /** Queues by row, each in order of arrival. The row whose turn is next is the first. */
  private readonly queues = new Map<string, Waiting<Item, Result>[]>()
  private readonly inFlight = new Set<string>()
  /** How many times each row was found held by somebody else. */
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

  /** Takes the next batch; its rows are in flight until `release`. */
  take(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = []
    const keys = new Set<string>()
    for (const [lock, queue] of this.queues) {
      if (batch.length === this.options.maxBatch) break
      if (this.inFlight.has(lock) || (batch.length > 0 && this.mustWait(lock))) continue
      const sizeBefore = batch.length
      const left = this.takeFrom(queue, batch, keys)
      const isAlone = batch[0] !== undefined && this.options.isAlone(batch[0].item)
      if (left.length === 0) this.queues.delete(lock)
      if (batch.length === sizeBefore) {
        if (left.length === 0) this.heldTimes.delete(lock)
        continue
      }
      this.inFlight.add(lock)
      if (left.length > 0) {
        // To the end of the map, so that two busy rows take turns.
        this.queues.delete(lock)
        this.queues.set(lock, left)
      }
      if (isAlone || this.mustWait(lock)) break
    }
    return batch
  }

  /** The row of this item was free. */
  wasFree(item: Item): void {
    this.heldTimes.delete(this.options.lockOf(item))
  }

  /** Somebody else held the rows of these items: they go before items that came meanwhile. */
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

  /** The statement with this batch has ended. */
  release(batch: readonly Waiting<Item, Result>[]): void {
    for (const { item } of batch) {
      const lock = this.options.lockOf(item)
      this.inFlight.delete(lock)
      if (!this.queues.has(lock)) this.heldTimes.delete(lock)
    }
  }

  /** A row that was found held often gets statements of its own, which wait for its lock. */
  private mustWait(lock: string): boolean {
    return (this.heldTimes.get(lock) ?? 0) >= this.options.timesToWait
  }

  /** Moves the items that fit from the queue to the batch; returns the rest of the queue. */
  private takeFrom(queue: Waiting<Item, Result>[], batch: Waiting<Item, Result>[], keys: Set<string>) {
    const left: Waiting<Item, Result>[] = []
    // Nothing goes past an item that goes alone: the row's order holds.
    let isOver = false
    for (const waiting of queue) {
      if (waiting.expired) continue
      const key = this.options.keyOf(waiting.item)
      const isAlone = this.options.isAlone(waiting.item)
      const isFull = batch.length === this.options.maxBatch || (isAlone && batch.length > 0)
      const stays = isOver || isFull || keys.has(key)
      isOver ||= isAlone
      if (stays) {
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
