import { RateLimitedError, UnavailableError } from '../domain/errors.ts'
import { isPromise } from '../flow/promise.ts'
import { limited } from '../telemetry/facts.ts'
import { networkPayer } from './network.ts'

export interface AdmissionOptions {
  /** Operations of one payer that run at once. */
  maxRunningPerPayer?: number
  /** Operations of one payer that wait for those. */
  maxWaitingPerPayer?: number
  /** Operations of all payers at one network that run at once. */
  maxRunningPerNetwork?: number
  /** Operations of all payers at one network that wait. */
  maxWaitingPerNetwork?: number
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
  maxRunningPerNetwork: 32,
  maxWaitingPerNetwork: 10_000,
  maxRunning: 2_000,
  maxWaiting: 20_000,
  maxWaitMs: 10_000,
}
const retryAfterMs = 1_000

interface Waiting {
  start: () => void
  timer: NodeJS.Timeout
}

/** A payer, or the network of an address, and what it has under way. */
interface Holder {
  readonly maxRunningCount: number
  readonly maxWaitingCount: number
  runningCount: number
  waitingCount: number
  /** Those that wait for it, by the other holder that they need. */
  readonly lines: Map<Holder, Line>
  forget: () => void
}

/** Operations of one payer at one network that wait. */
interface Line {
  readonly place: Holder
  readonly network: Holder
  readonly waiting: Set<Waiting>
}

const newHolder = (maxRunningCount: number, maxWaitingCount: number, forget: () => void = () => undefined): Holder => ({
  maxRunningCount,
  maxWaitingCount,
  runningCount: 0,
  waitingCount: 0,
  lines: new Map(),
  forget,
})

/**
 * Operations under way by payer, and by the network that they come from, from when they are asked for until they have settled:
 * that a client no longer waits for one does not make it cheaper. Beyond the bound they wait in their payer's own line, so that
 * nobody stands behind a crowd of somebody else's.
 */
export class Admission {
  /** Of those who have something under way. */
  private readonly places = new Map<string, Holder>()
  private readonly networks = new Map<string, Holder>()
  /** The network of addresses that many share. */
  private readonly anywhere = newHolder(Infinity, Infinity)
  private readonly lines = new Set<Line>()
  private readonly options: Required<AdmissionOptions>
  private runningCount = 0
  private waitingCount = 0

  constructor(options: AdmissionOptions = {}) {
    this.options = { ...defaults, ...options }
  }

  /**
   * Runs an operation when its payer, and the network that it comes from (null: of no one client), have room for it; at once,
   * most often. Rejects, or throws, RateLimitedError for who has too many, and UnavailableError when all together have.
   */
  run<Result>(
    payer: string,
    operation: () => Result | PromiseLike<Result>,
    networkName: string | null = null,
  ): Result | Promise<Result> {
    const place = this.placeOf(payer)
    const network = networkName === null ? this.anywhere : this.networkOf(networkName)
    if (this.hasRoom(place, network)) {
      this.reserve(place, network)
      return this.start(place, network, operation)
    }
    const refusal = this.refusalOf(payer, place, networkName, network)
    if (refusal) {
      forget(place, network)
      return Promise.reject(refusal)
    }
    const late = () => {
      if (place.runningCount >= place.maxRunningCount) return tooMany(payer)
      return networkName !== null && network.runningCount >= network.maxRunningCount
        ? tooManyAt(networkName)
        : overloaded()
    }
    return this.whenRoom(place, network, late).then(() => this.start(place, network, operation))
  }

  /** Operations of a payer that run or wait. */
  countOf(payer: string): number {
    return countOf(this.places.get(payer))
  }

  /** The same of all payers at a network. */
  countAt(networkName: string): number {
    return countOf(this.networks.get(networkName))
  }

  get count(): number {
    return this.runningCount + this.waitingCount
  }

  private placeOf(payer: string): Holder {
    const { maxRunningPerPayer, maxWaitingPerPayer, maxRunning } = this.options
    let place = this.places.get(payer)
    if (!place) {
      const maxRunningCount = isNobodys(payer) ? maxRunning : maxRunningPerPayer
      place = newHolder(maxRunningCount, maxWaitingPerPayer, () => this.places.delete(payer))
      this.places.set(payer, place)
    }
    return place
  }

  private networkOf(name: string): Holder {
    const { maxRunningPerNetwork, maxWaitingPerNetwork } = this.options
    let network = this.networks.get(name)
    if (!network) {
      network = newHolder(maxRunningPerNetwork, maxWaitingPerNetwork, () => this.networks.delete(name))
      this.networks.set(name, network)
    }
    return network
  }

  private hasRoom(place: Holder, network: Holder): boolean {
    return (
      place.runningCount < place.maxRunningCount &&
      network.runningCount < network.maxRunningCount &&
      this.runningCount < this.options.maxRunning
    )
  }

  private reserve(place: Holder, network: Holder): void {
    place.runningCount++
    network.runningCount++
    this.runningCount++
  }

  /** With room that is reserved. */
  private start<Result>(
    place: Holder,
    network: Holder,
    operation: () => Result | PromiseLike<Result>,
  ): Result | Promise<Result> {
    let result
    try {
      result = operation()
    } catch (error) {
      this.settle(place, network)
      throw error
    }
    if (!isPromise(result)) {
      this.settle(place, network)
      return result
    }
    const done = () => this.settle(place, network)
    result.then(done, done)
    return result as Promise<Result>
  }

  private settle(place: Holder, network: Holder): void {
    const wasFull = network.runningCount === network.maxRunningCount
    place.runningCount--
    network.runningCount--
    this.runningCount--
    if (this.waitingCount > 0) {
      // At the bound of all, or of the network, somebody else may have waited for this: it is the next payer's turn.
      if (this.runningCount === this.options.maxRunning - 1) this.wakeOne(this.lines)
      else {
        if (wasFull) this.wakeOne(network.lines.values())
        this.wakeOne(place.lines.values())
      }
    }
    forget(place, network)
  }

  /** The first of these that has room for one more; the next time it stands behind the others. */
  private wakeOne(lines: Iterable<Line>): void {
    for (const line of lines) {
      if (!this.hasRoom(line.place, line.network)) continue
      this.removeLine(line)
      this.addLine(line)
      const [next] = line.waiting
      next?.start()
      return
    }
  }

  private addLine(line: Line): void {
    this.lines.add(line)
    line.place.lines.set(line.network, line)
    line.network.lines.set(line.place, line)
  }

  private removeLine(line: Line): void {
    this.lines.delete(line)
    line.place.lines.delete(line.network)
    line.network.lines.delete(line.place)
  }

  private refusalOf(payer: string, place: Holder, networkName: string | null, network: Holder): Error | null {
    if (place.waitingCount >= place.maxWaitingCount) return tooMany(payer)
    if (networkName !== null && network.waitingCount >= network.maxWaitingCount) return tooManyAt(networkName)
    return this.waitingCount >= this.options.maxWaiting ? overloaded() : null
  }

  private whenRoom(place: Holder, network: Holder, late: () => Error): Promise<void> {
    let line = place.lines.get(network)
    if (!line) this.addLine((line = { place, network, waiting: new Set() }))
    const { waiting } = line
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(one.timer)
        waiting.delete(one)
        this.countWaiting(place, network, -1)
        if (waiting.size === 0) this.removeLine(line)
      }
      const one: Waiting = {
        start: () => {
          leave()
          this.reserve(place, network)
          resolve()
        },
        timer: setTimeout(() => {
          leave()
          reject(late())
          forget(place, network)
        }, this.options.maxWaitMs),
      }
      one.timer.unref()
      waiting.add(one)
      this.countWaiting(place, network, 1)
    })
  }

  private countWaiting(place: Holder, network: Holder, by: 1 | -1): void {
    place.waitingCount += by
    network.waitingCount += by
    this.waitingCount += by
  }
}

const countOf = (holder: Holder | undefined) => (holder ? holder.runningCount + holder.waitingCount : 0)

function forget(...holders: Holder[]): void {
  for (const holder of holders) if (countOf(holder) === 0) holder.forget()
}

/** A proxy on this machine that tells nothing of its clients: they are many. */
const isNobodys = (payer: string) => /^address:(?:127\.|::1$|::\/64$)/.test(payer)

function tooMany(payer: string): RateLimitedError {
  if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'operations-in-flight', payer })
  return new RateLimitedError(retryAfterMs, 'Too many operations are under way. Wait for their answers.')
}

function tooManyAt(network: string): RateLimitedError {
  const payer = networkPayer(network)
  if (limited.hasSubscribers)
    limited.publish({ code: 'RATE_LIMITED', limit: 'operations-in-flight-per-address', payer })
  return new RateLimitedError(retryAfterMs, 'Too many operations from your address are under way. Try again shortly.')
}

function overloaded(): UnavailableError {
  if (limited.hasSubscribers) limited.publish({ code: 'UNAVAILABLE', limit: 'operations-in-flight-of-all' })
  return new UnavailableError('There is too much to do at the moment. Try again shortly.', retryAfterMs)
}
