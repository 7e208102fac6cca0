import { LRUCache } from 'lru-cache'
import { networkPayer } from '../../fairness/network.ts'
import { limited } from '../../telemetry/facts.ts'
import { UnavailableError } from '../errors.ts'

export interface HashingQueueOptions {
  /** Hashes computed at once. */
  atOnce: number
  /** How many wait for their turn, besides those whose turn it is. */
  maxWaiting: number
  maxWaitMs?: number
}

interface Waiting {
  address: string
  /** How far the turns had got when it came. */
  cameAt: number
  start: () => void
  refuse: () => void
  timer: NodeJS.Timeout
}

const defaultMaxWaitMs = 10_000
const retryAfterMs = 1_000
/** A wrong password makes the next ones of its address wait as if they took this many times longer, for each, up to a most. */
const maxWeight = 32
const maxAddresses = 10_000
const failuresTtlMs = 15 * 60_000

/**
 * Turns at computing hashes, which are fair by address: who waits longest behind others' work is next, and an address from
 * which wrong passwords come waits behind all that it could have computed. So neither a thousand attempts of one address nor
 * many addresses that guess keep honest people from logging in.
 */
export class HashingQueue {
  private running = 0
  private waitingCount = 0
  private readonly queues = new Map<string, Waiting[]>()
  /** By address: up to where its turns are used up, in turns that were had. */
  private readonly usedUpTo = new LRUCache<string, number>({ max: maxAddresses })
  private readonly failures = new LRUCache<string, number>({ max: maxAddresses, ttl: failuresTtlMs })
  /** How far the turns have got. */
  private now = 0

  constructor(private readonly options: HashingQueueOptions) {}

  /** Rejects with UnavailableError when too many wait, or for too long. */
  async run<Result>(address: string, work: () => Promise<Result>): Promise<Result> {
    if (this.running < this.options.atOnce && this.waitingCount === 0) this.begin(address, this.now)
    else await this.turn(address)
    try {
      return await work()
    } finally {
      this.running--
      this.next()
    }
  }

  /** A wrong password came from there. */
  failed(address: string): void {
    this.failures.set(address, Math.min(maxWeight, (this.failures.get(address) ?? 0) + 1))
  }

  private begin(address: string, cameAt: number): void {
    this.running++
    const startsAt = this.startOf(address, cameAt)
    this.now = Math.max(this.now, startsAt)
    this.usedUpTo.set(address, startsAt + 1 + (this.failures.get(address) ?? 0))
  }

  /** The smallest is next, as in fair queueing by start times. */
  private startOf(address: string, cameAt: number): number {
    return Math.max(this.usedUpTo.get(address) ?? 0, cameAt)
  }

  private turn(address: string): Promise<void> {
    return new Promise((start, reject) => {
      const refuse = () => {
        if (limited.hasSubscribers) {
          limited.publish({ code: 'UNAVAILABLE', limit: 'password-hashes', payer: networkPayer(address) })
        }
        reject(new UnavailableError('Too many are logging in. Try again shortly.', retryAfterMs))
      }
      const timer = setTimeout(() => {
        this.remove(waiting)
        refuse()
      }, this.options.maxWaitMs ?? defaultMaxWaitMs)
      const waiting: Waiting = { address, cameAt: this.now, start, refuse, timer }
      const queue = this.queues.get(address) ?? []
      this.queues.set(address, queue)
      queue.push(waiting)
      this.waitingCount++
      if (this.waitingCount > this.options.maxWaiting) this.refuseOne(waiting)
    })
  }

  /** The last one of the address that has the most waiting; of several such, of the one that came last. */
  private refuseOne(last: Waiting): void {
    let longest = this.queues.get(last.address) ?? []
    for (const queue of this.queues.values()) if (queue.length > longest.length) longest = queue
    const refused = longest.at(-1)
    if (!refused) return
    this.remove(refused)
    refused.refuse()
  }

  private remove(waiting: Waiting): void {
    const queue = this.queues.get(waiting.address) ?? []
    const at = queue.indexOf(waiting)
    if (at === -1) return
    clearTimeout(waiting.timer)
    queue.splice(at, 1)
    if (queue.length === 0) this.queues.delete(waiting.address)
    this.waitingCount--
  }

  private next(): void {
    while (this.running < this.options.atOnce && this.waitingCount > 0) {
      let first: Waiting | undefined
      let least = Infinity
      for (const [address, [waiting]] of this.queues) {
        const startsAt = waiting ? this.startOf(address, waiting.cameAt) : Infinity
        if (startsAt >= least) continue
        first = waiting
        least = startsAt
      }
      if (!first) return
      this.remove(first)
      this.begin(first.address, first.cameAt)
      first.start()
    }
  }
}
