import { createHmac, hash, randomBytes } from 'node:crypto'
import type { WebhookEndpoint } from '../../store/webhook-endpoints.ts'

const prefix = 'whsec_'

/** 24 to 64 bytes, as Standard Webhooks has them. */
export const newSecret = (): string => prefix + randomBytes(32).toString('base64')

export function isSecret(text: string): boolean {
  const encoded = text.startsWith(prefix) ? text.slice(prefix.length) : ''
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded
}

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
