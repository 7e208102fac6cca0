import { QueryTooComplexError, UnavailableError } from '../domain/errors.ts'
import { limited } from '../telemetry/facts.ts'
import { TokenBucket, type Rate } from './token-bucket.ts'

export interface ShareLimits {
  socketsPerPerson: number
  /** Subscriptions that run or open: of one person, and of all in this process. */
  subscriptionsPerPerson: number
  subscriptions: number
  /** Different things that the subscriptions of one person ask for: each is executed for itself. */
  selectionsPerPerson: number
  /** Bytes of what clients sent and is kept: of one person, and of all in this process. */
  keptByteSizePerPerson: number
  keptByteSize: number
  /** Milliseconds of processor time a second for the events of one person's subscriptions. */
  eventWorkMsPerSecond: number
  /** Messages a second from all sockets of one person. */
  messagesPerSecond: number
}

const megabyte = 1_048_576

export const defaultShareLimits: ShareLimits = {
  socketsPerPerson: 100,
  subscriptionsPerPerson: 1_000,
  subscriptions: 100_000,
  selectionsPerPerson: 32,
  keptByteSizePerPerson: 16 * megabyte,
  keptByteSize: 128 * megabyte,
  eventWorkMsPerSecond: 250,
  messagesPerSecond: 2_000,
}

/** Subscriptions that a person opens, however soon they are ended again. All of ten devices at once are nothing unusual. */
const openingRate: Rate = { perSecond: 50, burst: 1_000 }
/** Messages of a person that can be saved up: of so many seconds, and at most so many. */
const savedMessageSeconds = 10
const maxSavedMessages = 8_000
/** Messages from all that have no person yet, beyond their connection_init. */
const nobodyFrameRate: Rate = { perSecond: 1_000, burst: 4_000 }
/** Seconds of event work that can be saved up: somebody who comes back after weeks has some thousand events to read. */
const savedWorkSeconds = 8
/** Milliseconds of processor time a second for reading messages: their parsing and validation. */
const messageWorkRate: Rate = { perSecond: 200, burst: 600 }
/** Milliseconds for which somebody who left is remembered: leaving must not fill up what was spent. */
const rememberedMs = 60_000
const sweepMs = 10_000
const retryAfterMs = 5_000
/** Milliseconds between two looks at those who wait. */
const restMs = 25

/** What the sockets and streams of one person keep and do in this process. */
export class Share {
  socketCount = 0
  subscriptionCount = 0
  keptByteSize = 0
  usedAtMs = performance.now()
  /** All the processor time that went into events. */
  workedMs = 0
  readonly openings = new TokenBucket(openingRate)
  /** Processor time for what is done with messages before they are answered. */
  readonly messageWork = new TokenBucket(messageWorkRate)
  private readonly eventWork: TokenBucket
  readonly frames: TokenBucket
  /** What each of its subscriptions asks for. */
  private readonly selections: object[] = []

  constructor(
    /** Null: of all who have not said who they are. */
    readonly personId: string | null,
    private readonly shares: Shares,
  ) {
    this.frames = new TokenBucket(personId === null ? nobodyFrameRate : shares.personFrameRate)
    this.eventWork = new TokenBucket(shares.eventWorkRate)
  }

  /** `selection`: the same object for all that ask the same. Throws when it is one too many. */
  subscribe(selection: object): void {
    const { limits } = this.shares
    if (this.subscriptionCount >= limits.subscriptionsPerPerson) {
      this.refuse('subscriptions-per-person', 'QUERY_TOO_COMPLEX')
      throw new QueryTooComplexError(
        `At most ${String(limits.subscriptionsPerPerson)} subscriptions of one person run at once. Complete one first.`,
      )
    }
    const selections = this.selections.includes(selection) ? 0 : new Set(this.selections).size
    if (selections >= limits.selectionsPerPerson) {
      this.refuse('selections-per-person', 'QUERY_TOO_COMPLEX')
      throw new QueryTooComplexError(
        `The subscriptions of one person ask for at most ${String(limits.selectionsPerPerson)} different selections at once. ` +
          'Use the same document with other variables.',
      )
    }
    if (this.shares.subscriptionCount >= limits.subscriptions) {
      this.refuse('subscriptions', 'UNAVAILABLE')
      throw new UnavailableError('This process has all the subscriptions it can hold.', retryAfterMs)
    }
    this.openings.spend()
    this.selections.push(selection)
    this.subscriptionCount++
    this.shares.subscriptionCount++
  }

  unsubscribe(selection: object): void {
    const { selections } = this
    const last = selections.pop()
    if (last !== undefined && last !== selection) selections[selections.indexOf(selection)] = last
    this.subscriptionCount--
    this.shares.subscriptionCount--
    this.usedAtMs = performance.now()
  }

  /** Counts bytes that are kept from now on. False: there is no room for them, and nothing was counted. */
  keep(byteSize: number): boolean {
    const { shares } = this
    const { keptByteSize, keptByteSizePerPerson } = shares.limits
    if (this.keptByteSize + byteSize > keptByteSizePerPerson) return this.refuse('kept-bytes-per-person')
    if (shares.keptByteSize + byteSize > keptByteSize) return this.refuse('kept-bytes', 'UNAVAILABLE')
    this.keptByteSize += byteSize
    shares.keptByteSize += byteSize
    return true
  }

  release(byteSize: number): void {
    this.keptByteSize -= byteSize
    this.shares.keptByteSize -= byteSize
  }

  /** False: this person has all the sockets that one may have. */
  addSocket(): boolean {
    if (this.personId !== null && this.socketCount >= this.shares.limits.socketsPerPerson)
      return this.refuse('sockets-per-person')
    this.socketCount++
    return true
  }

  removeSocket(): void {
    this.socketCount--
    this.usedAtMs = performance.now()
  }

  get isUnused(): boolean {
    return this.socketCount === 0 && this.subscriptionCount === 0 && this.keptByteSize === 0
  }

  /** Processor time went into the events of this person's subscriptions. */
  spendWork(tookMs: number): void {
    this.workedMs += tookMs
    this.eventWork.spend(tookMs)
  }

  /** Whether the events of this person's subscriptions cost more than their share lately. */
  get isOverworked(): boolean {
    return this.eventWork.isEmpty
  }

  /** Calls back, once, when they are within it again. */
  whenRested(wake: () => void): void {
    this.shares.resting.add(this, wake)
  }

  /** Tells that a limit was reached. */
  refuse(limit: string, code: 'RATE_LIMITED' | 'QUERY_TOO_COMPLEX' | 'UNAVAILABLE' = 'RATE_LIMITED'): false {
    const { personId } = this
    if (limited.hasSubscribers) limited.publish({ code, limit, ...(personId !== null && { payer: personId }) })
    return false
  }
}

/** Who waits until their person is within their share of event work: one timer for all, and none while nobody waits. */
class Resting {
  private readonly waiting = new Map<() => void, Share>()
  private timer: NodeJS.Timeout | undefined

  add(share: Share, wake: () => void): void {
    if (!this.waiting.has(wake)) share.refuse('event-work-per-person')
    this.waiting.set(wake, share)
    this.timer ??= setTimeout(this.look, restMs).unref()
  }

  private readonly look = (): void => {
    this.timer = undefined
    for (const [wake, share] of [...this.waiting]) {
      if (share.isOverworked) continue
      this.waiting.delete(wake)
      wake()
    }
    if (this.waiting.size > 0) this.timer ??= setTimeout(this.look, restMs).unref()
  }
}

/** Who has what share of what sockets and streams may keep and do: one for the process. */
export class Shares {
  readonly limits: ShareLimits
  readonly eventWorkRate: Rate
  readonly personFrameRate: Rate
  readonly resting = new Resting()
  subscriptionCount = 0
  keptByteSize = 0
  /** Of all who have not said who they are. */
  readonly nobody: Share
  private readonly known = new Map<string, Share>()
  private sweeping: NodeJS.Timeout | undefined

  constructor(limits: Partial<ShareLimits> = {}) {
    this.limits = { ...defaultShareLimits, ...limits }
    const { eventWorkMsPerSecond: perSecond, messagesPerSecond } = this.limits
    const burst = Math.min(maxSavedMessages, messagesPerSecond * savedMessageSeconds)
    this.personFrameRate = { perSecond: messagesPerSecond, burst }
    this.eventWorkRate = { perSecond, burst: perSecond * savedWorkSeconds }
    this.nobody = new Share(null, this)
  }

  of(personId: string | null | undefined): Share {
    if (personId === null || personId === undefined) return this.nobody
    let share = this.known.get(personId)
    if (!share) this.known.set(personId, (share = new Share(personId, this)))
    share.usedAtMs = performance.now()
    this.sweeping ??= setTimeout(this.sweep, sweepMs).unref()
    return share
  }

  private readonly sweep = (): void => {
    const unusedSinceMs = performance.now() - rememberedMs
    for (const [personId, share] of this.known)
      if (share.isUnused && share.usedAtMs < unusedSinceMs) this.known.delete(personId)
    this.sweeping = this.known.size > 0 ? setTimeout(this.sweep, sweepMs).unref() : undefined
  }
}
