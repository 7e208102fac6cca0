import { timeMs } from '../../clock.ts'
import type { WebhookEndpoint } from '../../store/webhook-endpoints.ts'
import type { WebhookEvent } from '../../store/webhook-log.ts'
import { webhookAttempted, webhookSent } from '../../telemetry/facts.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { WebhookAnswer, WebhookSender } from '../../webhooks/sender.ts'
import type { Job } from './jobs.ts'
import type { Lease } from './lease.ts'
import type { Ledger } from './ledger.ts'
import { backoffMs, retryAfterMs, verdictOf, type RetryTimes } from './schedule.ts'
import { signedHeaders, webhookId } from './signature.ts'

export interface AttemptNeeds {
  endpoint: WebhookEndpoint
  lease: Lease
  ledger: Ledger
  sender: Pick<WebhookSender, 'send'>
  retries: RetryTimes
  logger: Logger
  /** Milliseconds without any success after which one hurries everything that waits. */
  times: { hurryAfterMs: number }
}

/** What is attempted: its webhook-id and type, and where it is in the log. */
interface Subject {
  id: string
  type: string
  conversationId: string | null
  eventSeq: number | null
  /** When it happened; not there where somebody asked for it to be sent. */
  occurredAtMs?: number
}

type Outcome = 'DONE' | 'AGAIN' | 'ABANDONED'

/** Milliseconds until something of ours that failed is tried again. */
const oursAgainMs = 1_000
/** Those that are hurried come at different times. */
const hurrySpreadMs = 2_000

const userAgent = 'Parley-Webhooks/1'

/** Sends a job's events one after the other, and notes in the ledger what became of each. */
export class Attempts {
  isGone = false
  failedAtMs = -Infinity
  lastError = ''
  private failuresInRow = 0
  private failingSinceMs: number | null = null
  /** Conversations that wait because the endpoint said until when, and those times. */
  private readonly askedToWait = new Map<string, number>()
  private hasFailedToBuild = false

  constructor(private readonly needs: AttemptNeeds) {}

  isDown(failures: number): boolean {
    return this.failuresInRow >= failures
  }

  /** Never rejects. */
  async run(job: Job): Promise<void> {
    if (job.single) {
      await this.runSingle(job)
      return
    }
    for (; job.at < job.events.length; job.at++) {
      const one = job.events[job.at]
      if (one && (await this.attemptEvent(job, one)) !== 'DONE') return
    }
    this.done(job)
  }

  private async attemptEvent(job: Job, one: WebhookEvent): Promise<Outcome> {
    const { endpoint, ledger, lease } = this.needs
    const { event } = one
    const { conversationId, payloads } = job
    const hold = ledger.holds.get(conversationId)
    const isNext = hold?.nextSeq === event.seq
    const before = isNext ? hold.attempts : 0
    const firstAttemptAtMs = (isNext ? hold.firstAttemptAtMs : null) ?? timeMs()
    const wait = (attempts: number, nextAttemptAtMs: number): Outcome => {
      const upToSeq = Math.max(job.upToSeq, ledger.holds.get(conversationId)?.upToSeq ?? 0)
      const occurredAtMs = event.occurredAt.getTime()
      const first = attempts === 0 ? null : firstAttemptAtMs
      ledger.hold({
        conversationId,
        nextSeq: event.seq,
        upToSeq,
        occurredAtMs,
        attempts,
        firstAttemptAtMs: first,
        nextAttemptAtMs,
      })
      return 'AGAIN'
    }

    const body = await this.build(() => payloads.of(one, endpoint.includesText))
    if (body === undefined) return wait(before, timeMs() + oursAgainMs)
    if (body === null) return 'DONE'
    // Whoever has no lease any more leaves the event to its successor.
    if (!(await lease.holds())) return 'ABANDONED'
    const id = webhookId(endpoint.id, conversationId, event.seq, event.mark)
    const occurredAtMs = event.occurredAt.getTime()
    const subject = { id, type: event.type, conversationId, eventSeq: event.seq, occurredAtMs }
    return await this.attempt(subject, body, before + 1, firstAttemptAtMs, wait)
  }

  private async runSingle({ single, events: [one], payloads }: Job): Promise<void> {
    const { endpoint, lease } = this.needs
    if (!single) return
    const { id, type, conversationId, eventSeq, attempts, createdAt, lastAttemptAt } = single
    const subject = { id, type, conversationId, eventSeq }
    const isTest = conversationId === null
    const body = await this.build(async () =>
      isTest ? payloads.test(endpoint.id, createdAt) : one ? await payloads.of(one, endpoint.includesText) : null,
    )
    if (body === undefined || !(await lease.holds())) return
    if (body === null) {
      this.note(
        subject,
        { status: null, error: 'the log has no such event for this endpoint any more' },
        0,
        'FAILED',
        null,
      )
      return
    }
    const isFirst = single.state === 'PENDING'
    const firstAttemptAtMs = isFirst ? timeMs() : (lastAttemptAt ?? createdAt).getTime()
    await this.attempt(subject, body, isFirst ? 1 : attempts + 1, firstAttemptAtMs, () => 'AGAIN')
  }

  /** `wait` notes when the next attempt is, of this many so far. */
  private async attempt(
    subject: Subject,
    body: string,
    attempts: number,
    firstAttemptAtMs: number,
    wait: (attempts: number, nextAttemptAtMs: number) => Outcome,
  ): Promise<Outcome> {
    const { endpoint, sender, retries } = this.needs
    const startedAtMs = performance.now()
    const headers = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...signedHeaders(subject.id, body, endpoint, timeMs()),
    }
    const { type, conversationId: streamId, eventSeq: seq } = subject
    const call: Parameters<typeof webhookSent.begun.publish>[0] = { type, streamId, seq, endpointId: endpoint.id }
    const answer = await webhookSent.run(
      () => call,
      () => {
        const { traceparent } = call
        return sender.send({ url: endpoint.url, headers: { ...headers, ...(traceparent && { traceparent }) }, body })
      },
      (told, { status }) => {
        told.status = status
      },
    )
    const durationMs = performance.now() - startedAtMs
    const verdict = verdictOf(answer.status)
    if (verdict === 'DELIVERED') {
      this.note(subject, answer, durationMs, 'DELIVERED', null)
      this.succeeded()
      return 'DONE'
    }
    this.failed(answer)
    this.isGone ||= verdict === 'GONE'
    const nowMs = timeMs()
    if (verdict !== 'AGAIN' || nowMs - firstAttemptAtMs >= retries.giveUpAfterMs) {
      this.note(subject, answer, durationMs, 'FAILED', null)
      return 'DONE'
    }
    const asked = answer.status === null ? null : retryAfterMs(answer.retryAfter, nowMs)
    const waitMs = asked === null ? backoffMs(attempts, retries) : Math.min(asked, retries.maxMs)
    if (asked !== null && subject.conversationId !== null) this.askedToWait.set(subject.conversationId, nowMs + waitMs)
    this.note(subject, answer, durationMs, 'RETRYING', nowMs + waitMs)
    return wait(attempts, nowMs + waitMs)
  }

  /** Everything of the job is done: the conversation waits no more, unless more of it came meanwhile. */
  private done({ conversationId, upToSeq }: Job): void {
    const { ledger } = this.needs
    const hold = ledger.holds.get(conversationId)
    this.askedToWait.delete(conversationId)
    if (!hold) return
    if (hold.upToSeq <= upToSeq) ledger.free(conversationId)
    else ledger.hold({ ...hold, nextSeq: upToSeq + 1, attempts: 0, firstAttemptAtMs: null, nextAttemptAtMs: timeMs() })
  }

  /** Undefined when it could not be made now. */
  private async build(make: () => Promise<string | null>): Promise<string | null | undefined> {
    try {
      return await make()
    } catch (error) {
      const { logger, endpoint } = this.needs
      if (!this.hasFailedToBuild)
        logger.warn({ err: error, endpointId: endpoint.id }, 'a webhook waits: its payload cannot be read')
      this.hasFailedToBuild = true
      return undefined
    }
  }

  private note(
    subject: Subject,
    answer: WebhookAnswer,
    durationMs: number,
    state: 'DELIVERED' | 'FAILED' | 'RETRYING',
    nextAttemptAtMs: number | null,
  ): void {
    const { ledger, endpoint } = this.needs
    const { occurredAtMs, ...of } = subject
    const error = answer.status === null ? answer.error : null
    ledger.attempt({
      ...{ ...of, state, attempts: 1, lastAttemptAtMs: timeMs(), nextAttemptAtMs },
      ...{ responseStatus: answer.status, error, durationMs: Math.round(durationMs) },
    })
    if (!webhookAttempted.hasSubscribers) return
    webhookAttempted.publish({
      ...{ endpointId: endpoint.id, type: subject.type, state, status: answer.status, durationMs },
      ...(occurredAtMs !== undefined && { lagMs: Math.max(0, timeMs() - occurredAtMs) }),
    })
  }

  private failed(answer: WebhookAnswer): void {
    // Who answers is there: what it fails at are conversations, and each of them waits by itself.
    this.failuresInRow = answer.status === null ? this.failuresInRow + 1 : 0
    this.failedAtMs = performance.now()
    this.failingSinceMs ??= this.failedAtMs
    this.lastError = answer.status === null ? answer.error : `it answered ${String(answer.status)}`
  }

  private succeeded(): void {
    const { ledger, times } = this.needs
    const downMs = this.failingSinceMs === null ? 0 : performance.now() - this.failingSinceMs
    this.failuresInRow = 0
    this.failingSinceMs = null
    if (downMs < times.hurryAfterMs) return
    const nowMs = timeMs()
    for (const hold of ledger.holds.values()) {
      const soonMs = Math.max(nowMs + Math.random() * hurrySpreadMs, this.askedToWait.get(hold.conversationId) ?? 0)
      if (soonMs < hold.nextAttemptAtMs) ledger.hold({ ...hold, nextAttemptAtMs: soonMs })
    }
  }
}
