import type { Config } from '../config.ts'
import type { Domain } from '../domain/domain.ts'
import { startCouriers } from '../domain/webhooks/couriers.ts'
import type { CourierTimes } from '../domain/webhooks/courier.ts'
import { keepEndpointOfSettings } from '../domain/webhooks/of-settings.ts'
import { Payloads, usualTypes } from '../domain/webhooks/payload.ts'
import { retryTimes } from '../domain/webhooks/schedule.ts'
import { createWebhooks, type Webhooks } from '../domain/webhooks/webhooks.ts'
import { conversationId, messageId, userId, webhookEndpointId } from '../schema/building/ids.ts'
import { StartError } from '../start-error.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createWebhookSender, type WebhookSender } from '../webhooks/sender.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

const acquireIntervalMs = 1_000

const times: CourierTimes = {
  patienceMs: 1_000,
  probeIntervalMs: 5_000,
  pauseAfterMs: 24 * 3_600_000,
  hurryAfterMs: 30_000,
  idleWriteMs: 30_000,
  graceMs: 2_000,
}

/** What sends webhooks and what administers them, which know of one another's changes. */
export interface WebhookParts {
  webhooks: Webhooks
  sender: WebhookSender
  /** Called when this process has changed an endpoint. */
  onChanged: { call: () => void }
}

export function openWebhooks({ webhooks: settings }: Config, storage: Storage, stops: Stops): WebhookParts {
  const { allowedPrivate, timeoutMs } = settings
  const sender = createWebhookSender({ allowedPrivate, timeoutMs })
  stops.add(() => {
    sender.close()
  })
  const onChanged: WebhookParts['onChanged'] = { call: () => undefined }
  const webhooks = createWebhooks({
    endpoints: storage.webhookEndpoints,
    deliveries: storage.webhookDeliveries,
    isRefused: (url) => sender.isRefused(url),
    onChanged: () => {
      onChanged.call()
    },
  })
  return { webhooks, sender, onChanged }
}

/** Sends what the log gets to the endpoints of which this process has the lease. */
export async function startWebhooks(
  { webhooks: settings }: Config,
  { storage, domain, parts: { sender, onChanged } }: { storage: Storage; domain: Domain; parts: WebhookParts },
  logger: Logger,
  stops: Stops,
): Promise<void> {
  const { url, secret, includesText, firstRetryMs, leaseTtlMs, lookIntervalMs } = settings
  if (url !== null && sender.isRefused(url)) {
    throw new StartError(
      'WEBHOOK_URL must be an address of the public internet, or one that WEBHOOK_ALLOW_PRIVATE allows.',
    )
  }
  const kinds = ['DIRECT', 'GROUP', 'SUPPORT']
  const wanted = url === null ? null : { url, types: [...usualTypes], kinds, includesText, secret: secret ?? '' }
  await keepEndpointOfSettings(storage.webhookEndpoints, wanted)
  const ids = { user: userId, conversation: conversationId, message: messageId, endpoint: webhookEndpointId }
  const couriers = startCouriers({
    endpoints: storage.webhookEndpoints,
    deliveries: storage.webhookDeliveries,
    log: storage.webhookLog,
    newPayloads: () => new Payloads({ loaders: domain.newLoaders(), log: storage.webhookLog, ids }),
    sender,
    retries: { ...retryTimes, firstMs: firstRetryMs },
    times,
    acquireIntervalMs,
    lookIntervalMs,
    leaseTtlMs,
    logger,
  })
  onChanged.call = () => {
    couriers.changed()
  }
  stops.add(() => couriers.stop())
}
