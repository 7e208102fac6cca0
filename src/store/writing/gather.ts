import { UnavailableError } from '../../domain/errors.ts'
import { databaseRetryAfterMs } from '../database/failures.ts'

export interface GatherOptions<Item, Result> {
  /** The row that its statement locks. */
  lockOf: (item: Item) => string
  /** Of each key there is one item in a statement. */
  keyOf: (item: Item) => string
  /** An item by itself. */
  one: (item: Item) => Promise<Result>
  /**
   * Several in one statement and one commit: the outcome of each, in their order. Null for those whose row somebody else
   * holds, for which nothing was done.
   */
  many: (items: Item[]) => Promise<(Result | null)[]>
  maxBatch?: number
  maxInFlight?: number
  /** Items that are worth a statement of their own while another one is under way. */
  enough?: number
  /** Milliseconds that fewer wait for a statement under way. */
  patienceMs?: number
  /** After being found held this many times the items of a row go by themselves and wait for its lock. */
  timesToWait?: number
  slowMs?: number
  waitMs?: number
}

interface Waiting<Item, Result> {
  item: Item
  askedAtMs: number
  resolve: (result: Result) => void
  reject: (error: unknown) => void
  timer?: NodeJS.Timeout
  /** In a statement that is under way. */
  taken: boolean
  /** Its time was over; whatever becomes of it, nobody is told. */
  expired: boolean
}

/**
 * Gathers writes of one kind that are asked for at the same time. A lone one goes at once. While a statement is under way
 * the others wait, and go together, at most `maxBatch` of them, when it comes back; `enough` of them, or those that have
 * waited for a statement that takes long, do not wait for it, up to `maxInFlight` statements. What a row has under way is one
 * statement: another one would only wait for its lock.
 */
export function createGather<Item, Result>(options: GatherOptions<Item, Result>): (item: Item) => Promise<Result> {
  // docs/decisions/0012 says how the numbers were found.
  const { lockOf, keyOf, one, many, maxBatch = 128, maxInFlight = 2, timesToWait = 3 } = options
  const { enough = 32, patienceMs = 10 } = options
  /** A statement that takes longer than this is stuck, and no longer counts: the others must not wait for it. */
  const slowMs = options.slowMs ?? 200
  /** Milliseconds from being asked to giving up, as for everything else that is asked of the database. */
  const waitMs = options.waitMs ?? 2_000

  /** By row, in the order in which they came; the row whose turn is next comes first. */
  const queues = new Map<string, Waiting<Item, Result>[]>()
  const underWay = new Set<string>()
  /** Rows that somebody else held, and how many times. After some their items wait for the lock, by themselves. */
  const lockedTimes = new Map<string, number>()
  const mustWait = (lock: string) => (lockedTimes.get(lock) ?? 0) >= timesToWait
  let inFlight = 0
  /** Of those in flight, how many have not taken long yet. */
  let freshCount = 0

  /** Whether to begin another statement beside those under way: a few more items make a larger one hardly dearer. */
  const isWorthOne = () => {
    if (freshCount === 0) return true
    let count = 0
    for (const [lock, queue] of queues) {
      if (underWay.has(lock)) continue
      count += queue.length
      if (count >= enough) return true
    }
    return false
  }

  const take = (): Waiting<Item, Result>[] => {
    const batch: Waiting<Item, Result>[] = []
    const keys = new Set<string>()
    for (const [lock, queue] of queues) {
      if (batch.length === maxBatch) break
      if (underWay.has(lock) || (batch.length > 0 && mustWait(lock))) continue
      const sizeBefore = batch.length
      const left: Waiting<Item, Result>[] = []
      for (const waiting of queue) {
        if (waiting.expired) continue
        const key = keyOf(waiting.item)
        if (batch.length === maxBatch || keys.has(key)) {
          left.push(waiting)
          continue
        }
        keys.add(key)
        waiting.taken = true
        batch.push(waiting)
      }
      if (left.length === 0) queues.delete(lock)
      if (batch.length === sizeBefore) {
        if (left.length === 0) lockedTimes.delete(lock)
        continue
      }
      underWay.add(lock)
      if (left.length > 0) {
        // To the end: of two busy rows neither keeps the other one waiting.
        queues.delete(lock)
        queues.set(lock, left)
      }
      if (mustWait(lock)) break
    }
    return batch
  }

  const waitFor = (waiting: Waiting<Item, Result>) => {
    waiting.timer ??= setTimeout(
      () => {
        waiting.expired = true
        waiting.reject(
          new UnavailableError('The database does not answer in time. Try again shortly.', databaseRetryAfterMs),
        )
      },
      waitMs - (performance.now() - waiting.askedAtMs),
    )
  }

  const answer = ({ item, resolve }: Waiting<Item, Result>, result: Result) => {
    lockedTimes.delete(lockOf(item))
    resolve(result)
  }

  /** One after the other: those of a row stay in order, and the other connections are left to others. */
  const settleEach = async (batch: Waiting<Item, Result>[]): Promise<void> => {
    let unavailable: UnavailableError | undefined
    for (const waiting of batch) {
      if (unavailable) waiting.reject(unavailable)
      else {
        try {
          answer(waiting, await one(waiting.item))
        } catch (error) {
          waiting.reject(error)
          // Not another two seconds for each.
          if (error instanceof UnavailableError) unavailable = error
        }
      }
    }
  }

  const settle = async (batch: Waiting<Item, Result>[]): Promise<void> => {
    if (batch.length === 1) return settleEach(batch)
    let results: (Result | null)[]
    const items = batch.map(({ item }) => item)
    try {
      // Once more for two calls that met with the same key: the one that lost finds it answered.
      results = await many(items).catch((error: unknown) => {
        if (error instanceof UnavailableError) throw error
        return many(items)
      })
    } catch (error) {
      if (error instanceof UnavailableError) {
        for (const { reject } of batch) reject(error)
        return
      }
      // One of them is bad, and all were undone.
      await settleEach(batch)
      return
    }
    const again = new Map<string, Waiting<Item, Result>[]>()
    for (const [index, waiting] of batch.entries()) {
      const result = results[index]
      if (result === undefined) waiting.reject(new Error('a gathered write was not answered'))
      else if (result !== null) answer(waiting, result)
      else {
        const lock = lockOf(waiting.item)
        again.set(lock, [...(again.get(lock) ?? []), waiting])
        waiting.taken = false
        waitFor(waiting)
      }
    }
    for (const [lock, items] of again) {
      lockedTimes.set(lock, (lockedTimes.get(lock) ?? 0) + 1)
      // Before what has come meanwhile.
      queues.set(lock, [...items, ...(queues.get(lock) ?? [])])
    }
  }

  const run = async (batch: Waiting<Item, Result>[]): Promise<void> => {
    inFlight++
    freshCount++
    let [counts, isFresh] = [true, true]
    const age = () => {
      if (isFresh) freshCount--
      isFresh = false
      flush()
    }
    const release = () => {
      if (counts) inFlight--
      counts = false
      age()
    }
    const timers = [setTimeout(age, patienceMs), setTimeout(release, slowMs)]
    await settle(batch)
    for (const timer of timers) clearTimeout(timer)
    for (const lock of batch.map(({ item }) => lockOf(item))) {
      underWay.delete(lock)
      if (!queues.has(lock)) lockedTimes.delete(lock)
    }
    release()
  }

  const flush = (): void => {
    while (inFlight < maxInFlight && isWorthOne()) {
      const batch = take()
      if (batch.length === 0) return
      void run(batch)
    }
  }

  return async (item) => {
    let waiting: Waiting<Item, Result> | undefined
    try {
      return await new Promise<Result>((resolve, reject) => {
        waiting = { item, askedAtMs: performance.now(), resolve, reject, taken: false, expired: false }
        const lock = lockOf(item)
        const queue = queues.get(lock)
        if (queue) queue.push(waiting)
        else queues.set(lock, [waiting])
        flush()
        if (!waiting.taken) waitFor(waiting)
      })
    } finally {
      clearTimeout(waiting?.timer)
    }
  }
}
