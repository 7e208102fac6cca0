import { startRounds } from '../../flow/rounds.ts'
import type { WebhookEndpoint, WebhookEndpointState, WebhookEndpointStore } from '../../store/webhook-endpoints.ts'
import type { WebhookLog } from '../../store/webhook-log.ts'
import { webhookEnded } from '../../telemetry/facts.ts'
import { newId } from '../ids.ts'
import { Courier, type CourierNeeds } from './courier.ts'
import { Lease } from './lease.ts'
import { Ledger } from './ledger.ts'
import { SharedLog } from './shared-log.ts'

export interface CouriersOptions extends Omit<CourierNeeds, 'end' | 'log' | 'shared'> {
  log: WebhookLog
  endpoints: WebhookEndpointStore
  /** Between looks for endpoints that nobody sends to, and between looks for new events. */
  acquireIntervalMs: number
  lookIntervalMs: number
  /** For how long an endpoint is a process's own without its renewing that. */
  leaseTtlMs: number
}

export interface Couriers {
  /** An endpoint was made or changed by this process. */
  changed(): void
  /** What was begun is ended or noted; other processes may go on at once. */
  stop(): Promise<void>
}

/** The couriers of this process: one for each endpoint of which it has the lease. */
export function startCouriers(options: CouriersOptions): Couriers {
  const { endpoints, deliveries, log, logger, acquireIntervalMs, lookIntervalMs, leaseTtlMs } = options
  const holderId = newId()
  const shared = new SharedLog(log, options.newPayloads)
  const running = new Map<Courier, { lease: Lease; endpointId: string }>()
  let failing = false

  const end = async (lease: Lease, { id, url }: WebhookEndpoint, state: WebhookEndpointState, reason: string) => {
    if (await endpoints.end(lease.key, state, reason)) {
      logger.error(
        { event: 'webhook.ended', endpointId: id, host: new URL(url).host, state, reason },
        'a webhook endpoint gets nothing any more',
      )
      if (webhookEnded.hasSubscribers) webhookEnded.publish({ endpointId: id, state, reason })
    }
    lease.end()
  }

  const failed = (error: unknown) => {
    if (!failing) logger.warn({ err: error }, 'webhooks wait: the database does not answer')
    failing = true
  }

  async function begin({ epoch, ...endpoint }: WebhookEndpoint & { epoch: number }, askedAtMs: number): Promise<void> {
    const lease = new Lease({ endpointId: endpoint.id, epoch }, endpoints, leaseTtlMs, askedAtMs)
    try {
      const { seenXid, running: notEnded } = endpoint
      const ledger = new Ledger({ seenXid, running: notEnded }, await deliveries.holds(endpoint.id))
      const courier = new Courier(endpoint, lease, ledger, { ...options, shared, end })
      running.set(courier, { lease, endpointId: endpoint.id })
      void courier.ended.then(() => {
        running.delete(courier)
        shared.leave(lease.key)
      })
    } catch (error) {
      // Without what waits nothing may be sent: somebody takes it anew when the lease has run out.
      lease.end()
      throw error
    }
  }

  async function acquire(): Promise<void> {
    const askedAtMs = performance.now()
    const taken = await endpoints.acquire(holderId, leaseTtlMs)
    await Promise.all(taken.map((one) => begin(one, askedAtMs)))
    failing = false
  }

  async function look(): Promise<void> {
    shared.forget()
    if (running.size === 0) return
    const { newestXid, singlesOf } = await log.news()
    for (const [courier, { endpointId }] of running) courier.notice(newestXid, singlesOf.includes(endpointId))
  }

  const acquiring = startRounds(acquireIntervalMs, () => acquire().catch(failed))
  const looking = startRounds(lookIntervalMs, () => look().catch(failed))
  acquiring.hurry()

  return {
    changed() {
      for (const { lease } of running.values()) lease.check()
      acquiring.hurry()
    },
    async stop() {
      await Promise.all([acquiring.stop(), looking.stop()])
      await Promise.all([...running.keys()].map((courier) => courier.stop()))
    },
  }
}
