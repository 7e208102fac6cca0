import { hash } from 'node:crypto'
import type { WebhookEndpointStore, WebhookWishes } from '../../store/webhook-endpoints.ts'

/** There is one of it, in all processes. */
const id = '77656268-6f6f-4b73-8000-000000000001'
const unset = 'WEBHOOK_URL is not set any more.'

/** Milliseconds for which the secret from before a restart signs too. */
const overlapMs = 24 * 3_600_000

/** Makes the endpoint that the settings name, or makes it what they say now. */
export async function keepEndpointOfSettings(
  endpoints: WebhookEndpointStore,
  wanted: (WebhookWishes & { secret: string }) | null,
): Promise<void> {
  const present = (await endpoints.all()).find((endpoint) => endpoint.id === id)
  if (!wanted) {
    if (present && present.state !== 'DISABLED') await endpoints.setState(id, 'DISABLED', unset)
    return
  }
  const { secret, ...wishes } = wanted
  if (!present) {
    await endpoints.create({ id, requestHash: null, ...wishes, secret }, Number.MAX_SAFE_INTEGER)
    return
  }
  const isSame = (Object.keys(wishes) as (keyof WebhookWishes)[]).every(
    (key) => String(present[key]) === String(wishes[key]),
  )
  if (!isSame) await endpoints.update(id, wishes)
  if (present.secret !== secret) await endpoints.rotate(id, secret, hash('sha256', secret), overlapMs)
  if (present.state === 'DISABLED' && present.stateReason === unset) await endpoints.setState(id, 'ACTIVE', null)
}
