import { timeMs } from '../../clock.ts'
import type { WebhookDeliveryStore } from '../../store/webhook-deliveries.ts'
import type { WebhookEndpoint, WebhookEndpointState } from '../../store/webhook-endpoints.ts'
import type { WebhookLog } from '../../store/webhook-log.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { Attempts, type AttemptNeeds } from './attempts.ts'
import { delay, groupByStream, readSingleJobs, type Job } from './jobs.ts'
import type { Lease } from './lease.ts'
import type { Ledger } from './ledger.ts'
import type { Payloads } from './payload.ts'
import type { SharedLog, Taken } from './shared-log.ts'

/** Milliseconds, all of them. */
export interface CourierTimes {
  /** From then on a delivery that goes on does not keep the others of its round. */
  patienceMs: number
  /** Between attempts at new events while nothing succeeds. */
  probeIntervalMs: number
  /** An endpoint at which nothing has succeeded for so long is paused. */
  pauseAfterMs: number
  /** When something succeeds after such a time, all that waits is attempted at once. */
  hurryAfterMs: number
  /** The position is written at least so often, for retention. */
  idleWriteMs: number
  /** When stopping, deliveries that go on are waited for so long. */
  graceMs: number
}

export interface CourierNeeds extends Omit<AttemptNeeds, 'ledger' | 'lease' | 'endpoint'> {
  log: Pick<WebhookLog, 'held'>
  shared: Pick<SharedLog, 'take'>
  deliveries: WebhookDeliveryStore
  newPayloads: () => Payloads
  /** Ends the lease with a state. */
  end: (lease: Lease, endpoint: WebhookEndpoint, state: WebhookEndpointState, reason: string) => Promise<void>
  times: CourierTimes
  logger: Logger
}

/** Deliveries to one endpoint at once, and those of them of conversations that wait: the others find room beside them. */
const maxAtOnce = 16
const maxHeldAtOnce = 12
/** Conversations that wait: with more nothing new is taken from the log until some have been delivered. */
const maxHolds = 10_000
/** Events of one held conversation that are read at once. */
const heldBatchSize = 20
/** Requests without any answer in a row after which new events are attempted one by one. */
const downAfter = 10
const maxWaitMs = 1_000

/** Sends what the log has got to one endpoint, as long as this process has the lease of it: docs/decisions/0088. */
export class Courier {
  private readonly attempts: Attempts
  private readonly busy = new Set<string>()
  private readonly jobs = new Set<Job>()
  private isStopping = false
  private failing = false
  private newestXid: bigint | null = null
  private hasSingles = true
  private writtenAtMs = -Infinity
  private wakeUp: (() => void) | null = null
  private isAwake = false
  /** Resolves when nothing is done any more. */
  readonly ended: Promise<void>

  constructor(
    private readonly endpoint: WebhookEndpoint,
    private readonly lease: Lease,
    private readonly ledger: Ledger,
    private readonly needs: CourierNeeds,
  ) {
    this.attempts = new Attempts({ ...needs, ledger, lease, endpoint })
    lease.onOver = () => this.wake()
    this.ended = this.work()
  }

  /** What a look at the log has found for it. */
  notice(newestXid: bigint, hasSingles: boolean): void {
    this.newestXid = newestXid
    this.hasSingles ||= hasSingles
    if (this.hasNews || this.hasSingles) this.wake()
  }

  wake(): void {
    this.isAwake = true
    this.wakeUp?.()
  }

  /** What was begun is ended or noted, and the lease given up. */
  async stop(): Promise<void> {
    this.isStopping = true
    this.wake()
    await this.ended
  }

  /** A transaction that had not ended may show its events without any newer one. */
  private get hasNews(): boolean {
    const { seenXid, running } = this.ledger.position
    return this.newestXid === null || this.newestXid >= BigInt(seenXid) || running.length > 0
  }

  private async work(): Promise<void> {
    while (!this.isStopping && !this.lease.isOver) {
      this.isAwake = false
      const isMore = await this.round().catch((error: unknown) => {
        const { logger } = this.needs
        if (!this.failing)
          logger.warn({ err: error, endpointId: this.endpoint.id }, 'webhooks wait: the log cannot be read')
        this.failing = true
        return false
      })
      if (!isMore) await this.sleep()
    }
    await this.close().catch((error: unknown) => {
      this.needs.logger.warn(
        { err: error, endpointId: this.endpoint.id },
        'the end of webhook deliveries was not noted',
      )
    })
  }

  /** Returns whether there may be more at once. */
  private async round(): Promise<boolean> {
    if (!(await this.lease.holds()) || !(await this.write())) return false
    const taken = await this.take()
    const payloads = this.needs.newPayloads()
    // What is new first: it does not wait for conversations that fail.
    const jobs = [...(taken ? this.jobsOf(taken) : []), ...(await this.singleJobs(payloads))]
    jobs.push(...(await this.heldJobs(payloads)))
    if (this.lease.isOver) return false
    this.failing = false
    await this.run(jobs)
    // Only now: until then its events would be lost with this process.
    if (taken) this.ledger.advance(taken)
    return jobs.length > 0 || taken?.isAll === false
  }

  private async take(): Promise<Taken | null> {
    const isDown = this.attempts.isDown(downAfter)
    const mayTake = this.ledger.holds.size < maxHolds
    const mayProbe = !isDown || performance.now() - this.attempts.failedAtMs >= this.needs.times.probeIntervalMs
    if (!this.hasNews || !mayTake || !mayProbe) return null
    const taken = await this.needs.shared.take(this.lease.key, this.ledger.position, this.endpoint, isDown)
    if (!taken) this.lease.end()
    return taken
  }

  /** New events of a conversation that waits wait with it. */
  private jobsOf({ events, payloads }: Taken): Job[] {
    const byConversation = groupByStream(events)
    return [...byConversation].flatMap(([conversationId, ofIt]) => {
      const upToSeq = ofIt.at(-1)?.event.seq ?? 0
      const hold = this.ledger.holds.get(conversationId)
      if (hold) this.ledger.hold({ ...hold, upToSeq: Math.max(hold.upToSeq, upToSeq) })
      return hold ? [] : [{ conversationId, events: ofIt, upToSeq, at: 0, single: null, payloads }]
    })
  }

  /** Of conversations that wait, deliveries that go on. */
  private get heldAtOnce(): number {
    return [...this.busy].filter((id) => this.ledger.holds.has(id)).length
  }

  private async heldJobs(payloads: Payloads): Promise<Job[]> {
    const nowMs = timeMs()
    const due = [...this.ledger.holds.values()]
      .filter(({ conversationId, nextAttemptAtMs }) => nextAttemptAtMs <= nowMs && !this.busy.has(conversationId))
      .sort((one, other) => one.nextAttemptAtMs - other.nextAttemptAtMs)
      .slice(0, this.attempts.isDown(downAfter) ? 1 : Math.max(0, maxHeldAtOnce - this.heldAtOnce))
    if (due.length === 0) return []
    const ranges = due.map(({ conversationId, nextSeq, upToSeq }) => ({ conversationId, fromSeq: nextSeq, upToSeq }))
    const byStream = groupByStream(await this.needs.log.held(ranges, this.endpoint, heldBatchSize))
    return due.map(({ conversationId, upToSeq }) => {
      const events = byStream.get(conversationId) ?? []
      const last = events.length < heldBatchSize ? upToSeq : (events.at(-1)?.event.seq ?? upToSeq)
      return { conversationId, events, upToSeq: last, at: 0, single: null, payloads }
    })
  }

  private async singleJobs(payloads: Payloads): Promise<Job[]> {
    if (!this.hasSingles) return []
    this.hasSingles = false
    const due = await this.needs.deliveries.singles(this.endpoint.id, maxAtOnce)
    const singles = due.filter(({ id }) => !this.busy.has(id))
    return readSingleJobs(singles, (ranges) => this.needs.log.held(ranges, this.endpoint, 1), payloads)
  }

  /**
   * Resolves when all are begun, and done or out of patience. What goes on then is noted as waiting, so that the position in the log
   * may move past it.
   */
  private async run(jobs: readonly Job[]): Promise<void> {
    const running: Promise<void>[] = []
    for (const job of jobs) {
      while (this.jobs.size >= maxAtOnce && !this.isStopping && !this.lease.isOver)
        await Promise.race([this.oneEnded(), delay(maxWaitMs)])
      if (this.lease.isOver) return
      if (this.isStopping) this.keep(job)
      else running.push(this.begin(job))
    }
    await Promise.race([
      Promise.all(running),
      delay(this.isStopping ? this.needs.times.graceMs : this.needs.times.patienceMs),
    ])
    if (this.lease.isOver) return
    for (const job of jobs) if (this.jobs.has(job)) this.keep(job)
  }

  private begin(job: Job): Promise<void> {
    this.busy.add(job.conversationId)
    this.jobs.add(job)
    return this.attempts.run(job).finally(() => {
      this.jobs.delete(job)
      this.busy.delete(job.conversationId)
      for (const listener of this.endings.splice(0)) listener()
      this.wake()
    })
  }

  private readonly endings: (() => void)[] = []
  private oneEnded(): Promise<void> {
    return new Promise((resolve) => this.endings.push(resolve))
  }

  /** Notes a job that is not done as waiting from the event that it is at. */
  private keep({ conversationId, events, at, upToSeq, single }: Job): void {
    const next = events[at]?.event
    if (single || !next || this.ledger.holds.has(conversationId)) return
    this.ledger.hold({
      ...{ conversationId, nextSeq: next.seq, upToSeq, occurredAtMs: next.occurredAt.getTime() },
      ...{ attempts: 0, firstAttemptAtMs: null, nextAttemptAtMs: timeMs() },
    })
  }

  /** False when the lease is over, or the endpoint is not active any more. */
  private async write(): Promise<boolean> {
    const { ledger, lease, needs, endpoint } = this
    const isDue = performance.now() - this.writtenAtMs >= needs.times.idleWriteMs
    if (!ledger.isUnwritten && !isDue) return true
    const settlement = ledger.settlement()
    const settled = await needs.deliveries.settle(lease.key, settlement).catch((error: unknown) => {
      ledger.takeBack(settlement)
      throw error
    })
    this.writtenAtMs = performance.now()
    if (!settled) {
      lease.end()
      return false
    }
    if (this.attempts.isGone) {
      await needs.end(lease, endpoint, 'DISABLED', 'It answered 410 Gone.')
      return false
    }
    if (settlement.outcome !== 'FAILED' || settled.failingMs < needs.times.pauseAfterMs) return true
    const hours = Math.round(settled.failingMs / 3_600_000)
    await needs.end(
      lease,
      endpoint,
      'PAUSED',
      `Nothing was delivered for ${String(hours)} hours: ${this.attempts.lastError}.`,
    )
    return false
  }

  private async close(): Promise<void> {
    if (this.lease.isOver) return
    const untilMs = performance.now() + this.needs.times.graceMs
    while (this.jobs.size > 0 && performance.now() < untilMs) {
      await Promise.race([this.oneEnded(), delay(untilMs - performance.now())])
    }
    for (const job of this.jobs) this.keep(job)
    await this.write()
    await this.lease.giveUp()
  }

  /** Until something is to be done. */
  private async sleep(): Promise<void> {
    const nowMs = timeMs()
    const waiting = [...this.ledger.holds.values()].filter(({ conversationId }) => !this.busy.has(conversationId))
    const nextMs = waiting.reduce((least, { nextAttemptAtMs }) => Math.min(least, nextAttemptAtMs - nowMs), maxWaitMs)
    await new Promise<void>((resolve) => {
      if (this.isAwake) {
        setImmediate(resolve)
        return
      }
      const timer = setTimeout(resolve, Math.max(nextMs, 1))
      this.wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.wakeUp = null
  }
}
