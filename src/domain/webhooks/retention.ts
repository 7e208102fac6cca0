import { setTimeout as delay } from 'node:timers/promises'
import { timeMs } from '../../clock.ts'
import type { WebhookDeliveryStore } from '../../store/webhook-deliveries.ts'

const batchSize = 1_000
const pauseMs = 20

/** Removes what is known of old deliveries. Those that failed are kept for longer, so that they can be sent again. */
export async function forgetDeliveries(
  deliveries: Pick<WebhookDeliveryStore, 'forget'>,
  { deliveredTtlMs, failedTtlMs }: { deliveredTtlMs: number; failedTtlMs: number },
  isStopping: () => boolean,
): Promise<void> {
  const nowMs = timeMs()
  const forgetSome = () => deliveries.forget(nowMs - deliveredTtlMs, nowMs - failedTtlMs, batchSize)
  while (!isStopping() && (await forgetSome()) > 0) await delay(pauseMs)
}
