import { UnavailableError } from '../../domain/errors.ts'
import { gathered, joined } from '../../telemetry/facts.ts'
import { databaseRetryAfterMs } from '../database/failures.ts'
import { RowQueues, type Waiting } from './row-queues.ts'

export interface GatherOptions<Item, Result> {
  /** The row that its statement locks. */
  lockOf: (item: Item) => string
  /** A statement has at most one item of each key. */
  keyOf: (item: Item) => string
  /** Whether it cannot share a statement: it keeps its place among those of its row, and goes by `one`. */
  isAlone?: (item: Item) => boolean
  /** Runs one item alone. */
  one: (item: Item) => Promise<Result>
  /**
   * Runs several in one statement and one commit: the outcome of each, in their order. Null if somebody else holds the row
   * of an item; nothing was done for that item.
   */
  many: (items: Item[]) => Promise<(Result | null)[]>
  maxBatch?: number
  maxInFlight?: number
  /** Number of items that are worth a statement of their own while another one is in flight. */
  enough?: number
  /** Milliseconds that fewer items wait for a statement in flight. */
  patienceMs?: number
  /** A row that was found held this many times gets statements of its own, which wait for its lock. */
  timesToWait?: number
  slowMs?: number
  waitMs?: number
}

/**
 * Gathers writes of one kind that are requested at the same time. A single one goes at once. While a statement is in
 * flight, later items wait, and go together when it comes back, at most `maxBatch` of them. They do not wait for it if
 * there are `enough` of them, or if the statement takes longer than `patienceMs`; at most `maxInFlight` statements are in
 * flight. Per row at most one statement is in flight: a second one would only wait for the lock.
 *
 * The returned function rejects with what `one` rejects with, and with UNAVAILABLE after `waitMs`. Whether the write was
 * done is unknown then.
 */
export function createGather<Item, Result>(options: GatherOptions<Item, Result>): (item: Item) => Promise<Result> {
  const gather = new Gather(options)
  return (item) => gather.ask(item)
}

class Gather<Item, Result> {
  private readonly queues: RowQueues<Item, Result>
  private readonly maxInFlight: number
  private readonly enough: number
  private readonly patienceMs: number
  /** A statement that takes longer than this is stuck and no longer counts: other items must not wait for it. */
  private readonly slowMs: number
  /** Milliseconds from the request until it fails, as for every request to the database. */
  private readonly waitMs: number
  private inFlight = 0
  /** Statements in flight that have not taken long yet. */
  private freshCount = 0

  constructor(private readonly options: GatherOptions<Item, Result>) {
    // docs/decisions/0012 says how the numbers were found.
    const { maxBatch = 128, maxInFlight = 2, timesToWait = 3, enough = 32, patienceMs = 10 } = options
    const { isAlone = () => false } = options
    this.queues = new RowQueues({ ...options, isAlone, maxBatch, timesToWait })
    this.maxInFlight = maxInFlight
    this.enough = enough
    this.patienceMs = patienceMs
    this.slowMs = options.slowMs ?? 200
    this.waitMs = options.waitMs ?? 2_000
  }

  async ask(item: Item): Promise<Result> {
    let waiting: Waiting<Item, Result> | undefined
    try {
      return await new Promise<Result>((resolve, reject) => {
        waiting = { item, askedAtMs: performance.now(), resolve, reject, taken: false, expired: false }
        if (joined.hasSubscribers) joined.publish(waiting)
        this.queues.add(waiting)
        this.flush()
        if (!waiting.taken) this.limitWait(waiting)
      })
    } finally {
      clearTimeout(waiting?.timer)
    }
  }

  private flush(): void {
    while (this.inFlight < this.maxInFlight && this.isWorthOne()) {
      const batch = this.queues.take()
      if (batch.length === 0) return
      void this.run(batch)
    }
  }

  /**
   * Whether to begin another statement beside those in flight. If not, these items join a later one, which then costs
   * hardly more.
   */
  private isWorthOne(): boolean {
    return this.freshCount === 0 || this.queues.hasReady(this.enough)
  }

  private async run(batch: Waiting<Item, Result>[]): Promise<void> {
    this.inFlight++
    this.freshCount++
    let [counts, isFresh] = [true, true]
    const age = () => {
      if (isFresh) this.freshCount--
      isFresh = false
      this.flush()
    }
    const release = () => {
      if (counts) this.inFlight--
      counts = false
      age()
    }
    const timers = [setTimeout(age, this.patienceMs), setTimeout(release, this.slowMs)]
    await gathered.run(
      () => ({ size: batch.length, members: batch }),
      () => this.settle(batch),
    )
    for (const timer of timers) clearTimeout(timer)
    this.queues.release(batch)
    release()
  }

  private async settle(batch: Waiting<Item, Result>[]): Promise<void> {
    if (batch.length === 1) return this.settleEach(batch)
    let results: (Result | null)[]
    try {
      results = await this.askForMany(batch.map(({ item }) => item))
    } catch (error) {
      // Without the database each item would wait in vain. With any other error one item is bad, and all were undone.
      if (!(error instanceof UnavailableError)) return this.settleEach(batch)
      for (const { reject } of batch) reject(error)
      return
    }
    const held: Waiting<Item, Result>[] = []
    for (const [index, waiting] of batch.entries()) {
      const result = results[index]
      if (result === undefined) waiting.reject(new Error('a gathered write was not answered'))
      else if (result !== null) this.answer(waiting, result)
      else {
        held.push(waiting)
        this.limitWait(waiting)
      }
    }
    this.queues.putBack(held)
  }

  /** Tries once more if two calls used the same key at once: the call that lost now finds the answer. */
  private askForMany(items: Item[]): Promise<(Result | null)[]> {
    return this.options.many(items).catch((error: unknown) => {
      if (error instanceof UnavailableError) throw error
      return this.options.many(items)
    })
  }

  /** One after the other: items of a row stay in order, and other connections stay free. */
  private async settleEach(batch: Waiting<Item, Result>[]): Promise<void> {
    let unavailable: UnavailableError | undefined
    for (const waiting of batch) {
      if (unavailable) waiting.reject(unavailable)
      else {
        try {
          this.answer(waiting, await this.options.one(waiting.item))
        } catch (error) {
          waiting.reject(error)
          // Fail at once: the others must not wait another two seconds each.
          if (error instanceof UnavailableError) unavailable = error
        }
      }
    }
  }

  private answer({ item, resolve }: Waiting<Item, Result>, result: Result): void {
    this.queues.wasFree(item)
    resolve(result)
  }

  private limitWait(waiting: Waiting<Item, Result>): void {
    waiting.timer ??= setTimeout(
      () => {
        waiting.expired = true
        waiting.reject(
          new UnavailableError('The database does not answer in time. Try again shortly.', databaseRetryAfterMs),
        )
      },
      this.waitMs - (performance.now() - waiting.askedAtMs),
    )
  }
}
