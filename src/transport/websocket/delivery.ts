import type { ExecutionResult } from 'graphql'
import type { EventResult, EventResults } from '../../execution/event-results.ts'
import { resultWithToken, resumeOf, sharedAnswer, splitAtMarker } from '../../execution/resume-text.ts'
import { committedAtMsOf, tellHandedOver } from '../../execution/committed-at.ts'
import { maxBehindMs } from '../../execution/subscribe.ts'
import type { Watched } from '../../execution/watchdog.ts'
import type { Share } from '../../fairness/shares.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { closeCodes, comeBack, tooMuch } from './close-codes.ts'
import type { Delivered } from './delivered.ts'
import type { LiveSource } from './live-source.ts'
import { payloadByteSize, type Outlet, type Payload } from './outlet.ts'

/** Events taken at a time, while their results are computed. */
const maxAhead = 64
/** Bytes that the events taken at a time may come to, by the size of the one before; one event may be larger. */
const maxAheadByteSize = 65_536

/** What the first event of a subscription is taken for. */
const expectedByteSize = 8_192

const done = { value: undefined, done: true } as const

interface Taken {
  item: unknown
  result: EventResult
}

/**
 * One subscription on a socket. graphql-ws sees a stream that says nothing until it ends: the frames are written past it,
 * a turn's worth for all subscriptions of the socket at once. What has errors goes through graphql-ws like any answer.
 */
export class Delivery implements AsyncGenerator<ExecutionResult, undefined>, Watched {
  /** Whether the outlet knows already that there is something. */
  isReady = false
  /** Events taken from the source whose results are awaited, or stand behind such a one. */
  private ahead: Taken[] = []
  private awaited: EventResult | null = null
  private lastByteSize = expectedByteSize
  private failure: { error: unknown } | null = null
  /** Its person's events cost more than their share: they stay in the log for a while. */
  private isResting = false
  /** Since when it has not had all there is for that reason; 0 when it has. */
  private behindSinceMs = 0
  isOver = false
  private sentCount = 0
  private waiting: {
    resolve: (step: IteratorResult<ExecutionResult, undefined>) => void
    reject: (error: unknown) => void
  } | null = null
  private readonly head: Buffer

  constructor(
    id: string,
    private readonly source: LiveSource,
    private readonly results: EventResults,
    private readonly outlet: Outlet,
    private readonly logger: Logger,
    /** Null where nobody acknowledges what is sent. */
    private readonly delivered: Delivered | null = null,
    private readonly share: Share | null = null,
    private readonly viewerId?: string,
  ) {
    this.head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
    source.onMore = this.wake
  }

  get isBehind(): boolean {
    // One that graphql-ws has not asked, or whose network is behind, is not ours to hurry.
    if (this.isResting) return false
    return this.waiting !== null && !this.outlet.isHeldUp && (this.ahead.length > 0 || (this.source.isBehind ?? false))
  }

  get progress(): number {
    return this.sentCount + (this.source.progress ?? 0)
  }

  get waitsFor(): string {
    return this.ahead.length > 0 ? 'the result of an event' : (this.source.waitsFor ?? '')
  }

  /** With its socket, as for all that the client comes back for. */
  giveUp(): void {
    this.outlet.giveUp(closeCodes.TRY_AGAIN_LATER, comeBack)
  }

  private readonly wake = () => this.outlet.schedule(this)

  /** Pushes what there is into the outlet, as far as it has room. Never throws: others are served in the same turn. */
  deliver() {
    // Not before graphql-ws has taken the subscription up, nor past an answer it is still sending.
    if (!this.waiting || this.isOver) return
    try {
      this.pushAll()
    } catch (error) {
      this.fail(error)
    }
  }

  private pushAll() {
    for (;;) {
      // Nothing is taken that would only wait for the network: until then its text may be deleted.
      if (this.outlet.isFull) {
        this.wake()
        return
      }
      const next = this.ahead.shift() ?? this.take()
      if (!next) break
      if (!this.isSettled(next)) {
        this.ahead.unshift(next)
        this.takeAhead()
        return
      }
      const { value } = next.result
      if (value?.errors) {
        this.answer({ value: resultWithToken(value, resumeOf(next.item)), done: false })
        return
      }
      const payload = payloadOf(next)
      this.lastByteSize = payloadByteSize(payload)
      this.outlet.push(this.head, payload, committedAtMsOf(next.item))
      tellHandedOver(next.item, this.viewerId)
      this.sentCount++
      this.delivered?.note(next.item)
    }
    if (this.failure) this.fail(this.failure.error)
    else if (this.source.ended) this.finish()
  }

  next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (this.isOver) return Promise.resolve(done)
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
      this.wake()
    })
  }

  /** Settles at once; the source may take its time. */
  return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    this.finish()
    return Promise.resolve(done)
  }

  throw(error: unknown): Promise<never> {
    this.finish()
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose]() {
    this.finish()
  }

  private take(): Taken | null {
    if (this.failure || this.mustRest()) return null
    try {
      const item = this.source.take()
      if (item === null) this.behindSinceMs = 0
      return item === null ? null : { item, result: this.results.of(item) }
    } catch (error) {
      // Told after what came before it.
      this.failure = { error }
      return null
    }
  }

  private mustRest(): boolean {
    const { share } = this
    this.isResting = share?.isOverworked ?? false
    if (!share || !this.isResting) return false
    const nowMs = performance.now()
    if (this.behindSinceMs === 0) this.behindSinceMs = nowMs
    if (nowMs - this.behindSinceMs > maxBehindMs) this.outlet.giveUp(closeCodes.TOO_MUCH_WORK, tooMuch)
    else share.whenRested(this.wake)
    return true
  }

  /** What the next events need is loaded together with what the first one waits for. */
  private takeAhead() {
    const limit = Math.max(1, Math.min(maxAhead, Math.floor(maxAheadByteSize / (this.lastByteSize + 1))))
    while (this.ahead.length < limit) {
      const next = this.take()
      if (!next) return
      this.ahead.push(next)
    }
  }

  private isSettled(next: Taken): boolean {
    if (next.result.value && !this.results.isOwn(next.result)) next.result = this.results.of(next.item)
    if (next.result.value) return true
    if (this.awaited !== next.result) {
      this.awaited = next.result
      next.result.whenSettled(this.wake)
    }
    return false
  }

  private answer(step: IteratorResult<ExecutionResult, undefined>) {
    this.waiting?.resolve(step)
    this.waiting = null
  }

  private fail(error: unknown) {
    this.waiting?.reject(error)
    this.waiting = null
    this.finish()
  }

  private finish() {
    if (this.isOver) return
    this.isOver = true
    this.ahead = []
    this.source.onMore = null
    this.results.close()
    this.answer(done)
    void this.endSource()
  }

  private async endSource() {
    try {
      await this.source.return()
    } catch (error) {
      this.logger.error({ err: error }, 'A subscription could not be ended cleanly')
    }
  }
}

function payloadOf({ item, result }: Taken): Payload {
  const bytes = (result.bytes ??= Buffer.from(`${JSON.stringify(result.value)}}`))
  const token = resumeOf(item)
  if (token === undefined) return bytes
  let { answer } = result
  if (answer?.shared !== token.shared) answer = sharedAnswer((result.pieces ??= splitAtMarker(bytes)), token)
  result.answer = answer
  return { answer, own: token.own }
}
