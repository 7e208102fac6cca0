import type { WebhookReceiver } from './webhook-receiver.ts'

/** The secret of the endpoint in the settings of a test's servers. */
export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** Settings with which a server's own events go to a receiver, and waits are short. */
export const webhookEnv = (receiver?: WebhookReceiver) => ({
  ...(receiver && { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: webhookSecret }),
  WEBHOOK_INCLUDE_TEXT: 'on',
  WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8',
  WEBHOOK_RETRY_MS: '100',
  WEBHOOK_INTERVAL_MS: '50',
  WEBHOOK_LEASE_MS: '1500',
})

export const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix} ${String(index + 1)}`)
