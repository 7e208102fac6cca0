import { UnavailableError } from '../domain/errors.ts'
import { databaseRetryAfterMs } from './unavailable.ts'

/** One message to be sent, as the write functions take it. */
export interface Send {
  actorId: string
  conversationId: string
  opKey: string
  hash: Buffer
  text: string
  replyToSeq: number | null
}

export interface GatherOptions<Result> {
  /** A send by itself. */
  one: (send: Send) => Promise<Result>
  /**
   * Several in one statement and one commit: the outcome of each, in their order. Null for those of a conversation that
   * somebody else holds, for which nothing was done; never when all are of the same conversation.
   */
  many: (sends: Send[]) => Promise<(Result | null)[]>
  maxBatch?: number
  maxInFlight?: number
  /** After being found held this many times a conversation's sends go by themselves and wait for the lock. */
  timesToWait?: number
  slowMs?: number
  waitMs?: number
}

interface Waiting<Result> {
  send: Send
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
 * Gathers the sends that are asked for at the same time. A lone one goes at once. While `maxInFlight` statements are under
 * way the others wait, and go together, at most `maxBatch` of them, when one comes back. What a conversation has under way
 * is one statement: another one would only wait for its lock.
 */
export function createGather<Result>(options: GatherOptions<Result>): (send: Send) => Promise<Result> {
  // docs/decisions/0012 says how the numbers were found.
  const { one, many, maxBatch = 128, maxInFlight = 2, timesToWait = 3 } = options
  /** A statement that takes longer than this is stuck, and no longer counts: the others must not wait for it. */
  const slowMs = options.slowMs ?? 200
  /** Milliseconds from being asked to giving up, as for everything else that is asked of the database. */
  const waitMs = options.waitMs ?? 2_000

  /** By conversation, in the order in which they came; the conversation whose turn is next comes first. */
  const queues = new Map<string, Waiting<Result>[]>()
  const underWay = new Set<string>()
  /** Conversations that somebody else held, and how many times. After some their sends wait for the lock, by themselves. */
  const lockedTimes = new Map<string, number>()
  const mustWait = (conversationId: string) => (lockedTimes.get(conversationId) ?? 0) >= timesToWait
  let inFlight = 0

  const take = (): Waiting<Result>[] => {
    const batch: Waiting<Result>[] = []
    const keys = new Set<string>()
    for (const [conversationId, queue] of queues) {
      if (batch.length === maxBatch) break
      if (underWay.has(conversationId) || (batch.length > 0 && mustWait(conversationId))) continue
      const sizeBefore = batch.length
      const left: Waiting<Result>[] = []
      for (const waiting of queue) {
        if (waiting.expired) continue
        const key = `${waiting.send.actorId} ${waiting.send.opKey}`
        if (batch.length === maxBatch || keys.has(key)) {
          left.push(waiting)
          continue
        }
        keys.add(key)
        waiting.taken = true
        batch.push(waiting)
      }
      if (left.length === 0) queues.delete(conversationId)
      if (batch.length === sizeBefore) {
        if (left.length === 0) lockedTimes.delete(conversationId)
        continue
      }
      underWay.add(conversationId)
      if (left.length > 0) {
        // To the end: of two busy conversations neither keeps the other one waiting.
        queues.delete(conversationId)
        queues.set(conversationId, left)
      }
      if (mustWait(conversationId)) break
    }
    return batch
  }

  const waitFor = (waiting: Waiting<Result>) => {
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

  const answer = ({ send, resolve }: Waiting<Result>, result: Result) => {
    lockedTimes.delete(send.conversationId)
    resolve(result)
  }

  /** One after the other: those of a conversation stay in order, and the other connections are left to others. */
  const settleEach = async (batch: Waiting<Result>[]): Promise<void> => {
    let unavailable: UnavailableError | undefined
    for (const waiting of batch) {
      if (unavailable) waiting.reject(unavailable)
      else {
        try {
          answer(waiting, await one(waiting.send))
        } catch (error) {
          waiting.reject(error)
          // Not another two seconds for each.
          if (error instanceof UnavailableError) unavailable = error
        }
      }
    }
  }

  const settle = async (batch: Waiting<Result>[]): Promise<void> => {
    if (batch.length === 1) return settleEach(batch)
    let results: (Result | null)[]
    const sends = batch.map(({ send }) => send)
    try {
      // Once more for two calls that met with the same key: the one that lost finds it answered.
      results = await many(sends).catch((error: unknown) => {
        if (error instanceof UnavailableError) throw error
        return many(sends)
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
    const again = new Map<string, Waiting<Result>[]>()
    for (const [index, waiting] of batch.entries()) {
      const result = results[index]
      if (result === undefined) waiting.reject(new Error('a send was not answered'))
      else if (result !== null) answer(waiting, result)
      else {
        const { conversationId } = waiting.send
        again.set(conversationId, [...(again.get(conversationId) ?? []), waiting])
        waiting.taken = false
        waitFor(waiting)
      }
    }
    for (const [conversationId, sends] of again) {
      lockedTimes.set(conversationId, (lockedTimes.get(conversationId) ?? 0) + 1)
      // Before what has come meanwhile.
      queues.set(conversationId, [...sends, ...(queues.get(conversationId) ?? [])])
    }
  }

  const run = async (batch: Waiting<Result>[]): Promise<void> => {
    inFlight++
    let counts = true
    const release = () => {
      if (counts) inFlight--
      counts = false
      flush()
    }
    const timer = setTimeout(release, slowMs)
    await settle(batch)
    clearTimeout(timer)
    for (const { conversationId } of batch.map(({ send }) => send)) {
      underWay.delete(conversationId)
      if (!queues.has(conversationId)) lockedTimes.delete(conversationId)
    }
    release()
  }

  const flush = (): void => {
    while (inFlight < maxInFlight) {
      const batch = take()
      if (batch.length === 0) return
      void run(batch)
    }
  }

  return async (send) => {
    let waiting: Waiting<Result> | undefined
    try {
      return await new Promise<Result>((resolve, reject) => {
        waiting = { send, askedAtMs: performance.now(), resolve, reject, taken: false, expired: false }
        const queue = queues.get(send.conversationId)
        if (queue) queue.push(waiting)
        else queues.set(send.conversationId, [waiting])
        flush()
        if (!waiting.taken) waitFor(waiting)
      })
    } finally {
      clearTimeout(waiting?.timer)
    }
  }
}
