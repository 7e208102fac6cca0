import { RateLimitedError, UnavailableError } from '../domain/errors.ts'
import { isPromise } from '../flow/promise.ts'
import { limited } from '../telemetry/facts.ts'

export interface AdmissionOptions {
  /** Operations of one payer that run at once. */
  maxRunningPerPayer?: number
  /** Operations of one payer that wait for those. */
  maxWaitingPerPayer?: number
  /** Operations of all payers that run at once. */
  maxRunning?: number
  /** Operations of all payers that wait. */
  maxWaiting?: number
  /** Milliseconds that one may wait. */
  maxWaitMs?: number
}

/** Honest clients open some 30 operations at their start, and up to 100 subscriptions on one socket. */
const defaults: Required<AdmissionOptions> = {
  maxRunningPerPayer: 8,
  maxWaitingPerPayer: 512,
  maxRunning: 2_000,
  maxWaiting: 20_000,
  maxWaitMs: 10_000,
}
const retryAfterMs = 1_000

interface Waiting {
  start: () => void
  timer: NodeJS.Timeout
}

/** What one payer has under way. */
interface Place {
  maxRunningCount: number
  runningCount: number
  waiting: Set<Waiting>
}

/**
 * Operations under way by payer, from when they are asked for until they have settled: that a client no longer waits for one
 * does not make it cheaper. Beyond the bound they wait in their payer's own line, so that nobody stands behind a crowd of
 * somebody else's.
 */
export class Admission {
  /** Of those who have something under way. */
  private readonly places = new Map<string, Place>()
  private readonly options: Required<AdmissionOptions>
  private runningCount = 0
  private waitingCount = 0

  constructor(options: AdmissionOptions = {}) {
    this.options = { ...defaults, ...options }
  }

  /**
   * Runs an operation when its payer has room for it; at once, most often. Rejects, or throws, RateLimitedError for who has
   * too many, and UnavailableError when all together have.
   */
  run<Result>(payer: string, operation: () => Result | PromiseLike<Result>): Result | Promise<Result> {
    const place = this.placeOf(payer)
    if (this.hasRoom(place)) {
      this.reserve(place)
      return this.start(payer, place, operation)
    }
    return this.whenRoom(payer, place).then(() => this.start(payer, place, operation))
  }

  /** Operations of a payer that run or wait. */
  countOf(payer: string): number {
    const place = this.places.get(payer)
    return place ? place.runningCount + place.waiting.size : 0
  }

  get count(): number {
    return this.runningCount + this.waitingCount
  }

  private placeOf(payer: string): Place {
    let place = this.places.get(payer)
    if (!place) {
      const { maxRunningPerPayer, maxRunning } = this.options
      const maxRunningCount = isNobodys(payer) ? maxRunning : maxRunningPerPayer
      this.places.set(payer, (place = { maxRunningCount, runningCount: 0, waiting: new Set() }))
    }
    return place
  }

  private hasRoom({ runningCount, maxRunningCount }: Place): boolean {
    return runningCount < maxRunningCount && this.runningCount < this.options.maxRunning
  }

  private reserve(place: Place): void {
    place.runningCount++
    this.runningCount++
  }

  /** With room that is reserved. */
  private start<Result>(
    payer: string,
    place: Place,
    operation: () => Result | PromiseLike<Result>,
  ): Result | Promise<Result> {
    let result
    try {
      result = operation()
    } catch (error) {
      this.settle(payer, place)
      throw error
    }
    if (!isPromise(result)) {
      this.settle(payer, place)
      return result
    }
    const done = () => this.settle(payer, place)
    result.then(done, done)
    return result as Promise<Result>
  }

  private settle(payer: string, place: Place): void {
    place.runningCount--
    this.runningCount--
    // At the bound of all somebody else may have waited for this.
    if (this.waitingCount > 0 && this.runningCount === this.options.maxRunning - 1) this.wakeAnother()
    else this.wake(place)
    if (place.runningCount === 0 && place.waiting.size === 0) this.places.delete(payer)
  }

  private wake(place: Place): void {
    if (!this.hasRoom(place)) return
    const [next] = place.waiting
    next?.start()
  }

  private wakeAnother(): void {
    for (const [payer, place] of this.places) {
      if (place.waiting.size === 0 || !this.hasRoom(place)) continue
      // The next time it is another payer's turn.
      this.places.delete(payer)
      this.places.set(payer, place)
      this.wake(place)
      return
    }
  }

  private whenRoom(payer: string, place: Place): Promise<void> {
    const { maxWaitingPerPayer, maxWaiting, maxWaitMs } = this.options
    if (place.waiting.size >= maxWaitingPerPayer) return Promise.reject(tooMany(payer))
    if (this.waitingCount >= maxWaiting) return Promise.reject(overloaded())
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(waiting.timer)
        if (place.waiting.delete(waiting)) this.waitingCount--
      }
      const waiting: Waiting = {
        start: () => {
          leave()
          this.reserve(place)
          resolve()
        },
        timer: setTimeout(() => {
          leave()
          if (place.runningCount === 0 && place.waiting.size === 0) this.places.delete(payer)
          reject(tooMany(payer))
        }, maxWaitMs),
      }
      waiting.timer.unref()
      place.waiting.add(waiting)
      this.waitingCount++
    })
  }
}

/** A proxy on this machine that tells nothing of its clients: they are many. */
const isNobodys = (payer: string) => /^address:(?:127\.|::1$|::\/64$)/.test(payer)

function tooMany(payer: string): RateLimitedError {
  if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'operations-in-flight', payer })
  return new RateLimitedError(retryAfterMs, 'Too many operations are under way. Wait for their answers.')
}

function overloaded(): UnavailableError {
  if (limited.hasSubscribers) limited.publish({ code: 'UNAVAILABLE', limit: 'operations-in-flight-of-all' })
  return new UnavailableError('There is too much to do at the moment. Try again shortly.', retryAfterMs)
}
