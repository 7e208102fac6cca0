import { createHmac, hash, randomBytes } from 'node:crypto'
import type { WebhookEndpoint } from '../../store/webhook-endpoints.ts'

const prefix = 'whsec_'

export const newSecret = (): string => prefix + randomBytes(32).toString('base64')

/** The same for each attempt of an event at an endpoint, whichever process makes it. */
export const webhookId = (endpointId: string, streamId: string, seq: number, mark: string): string =>
  `msg_${hash('sha256', `${endpointId} ${streamId} ${String(seq)} ${mark}`, 'buffer')
    .subarray(0, 18)
    .toString('base64url')}`

const sign = (secret: string, content: string) =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice(prefix.length), 'base64'))
    .update(content)
    .digest('base64')}`

type Secrets = Pick<WebhookEndpoint, 'secret' | 'formerSecret' | 'formerSecretUntil'>

/** Headers of Standard Webhooks. While the secret is being changed there is a signature for each. */
export function signedHeaders(id: string, body: string, secrets: Secrets, nowMs: number): Record<string, string> {
  const { secret, formerSecret, formerSecretUntil } = secrets
  const timestamp = String(Math.floor(nowMs / 1_000))
  const isOverlapping = formerSecret !== null && formerSecretUntil !== null && formerSecretUntil.getTime() > nowMs
  const signatures = [secret, ...(isOverlapping ? [formerSecret] : [])].map((each) =>
    sign(each, `${id}.${timestamp}.${body}`),
  )
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
