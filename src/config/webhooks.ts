import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { address, integer, listOf, onOff } from './values.ts'

/** As CIDR; null for what is neither an address nor a range of them. */
function rangeOf(text: string): string | null {
  const range = ipaddr.isValid(text) ? `${text}/${ipaddr.parse(text).kind() === 'ipv4' ? '32' : '128'}` : text
  return ipaddr.isValidCIDR(range) ? range : null
}

/** 24 to 64 bytes, as Standard Webhooks has them. */
function isSigningSecret(text: string): boolean {
  const encoded = /^whsec_(.*)$/.exec(text)?.[1] ?? ''
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded
}

/** Where events are pushed to. */
export const webhookSettings = {
  WEBHOOK_URL: address('an address that begins with https:// or http://', ['https:', 'http:']).optional(),
  WEBHOOK_SECRET: z.string().refine(isSigningSecret, 'whsec_ and 24 to 64 bytes in base64').optional(),
  WEBHOOK_INCLUDE_TEXT: onOff.default(false),
  WEBHOOK_ALLOW_PRIVATE: z
    .string()
    .default('off')
    .transform((value) => (value === 'on' ? ('all' as const) : value === 'off' ? [] : listOf(value).map(rangeOf)))
    .refine(
      (ranges) => ranges === 'all' || ranges.every((range) => range !== null),
      'on, off, or addresses and ranges like 10.0.0.0/8 with commas between',
    ),
  WEBHOOK_TIMEOUT_MS: integer('milliseconds from 100 to 60000', 100, 60_000).default(15_000),
  WEBHOOK_RETRY_MS: integer('milliseconds from 10 to 3600000', 10, 3_600_000).default(5_000),
  WEBHOOK_LEASE_MS: integer('milliseconds from 500 to 600000', 500, 600_000).default(10_000),
  WEBHOOK_INTERVAL_MS: integer('milliseconds from 10 to 60000', 10, 60_000).default(200),
  WEBHOOK_DELIVERED_HOURS: integer('hours from 1 to 87600', 1, 87_600).default(72),
  WEBHOOK_FAILED_HOURS: integer('hours from 1 to 87600', 1, 87_600).default(720),
}

type WebhookSettings = z.output<z.ZodObject<typeof webhookSettings>>

/** Why these settings cannot be used together, in a line; null when they can. */
export function whatWebhooksMiss(read: WebhookSettings): string | null {
  if (read.WEBHOOK_URL === undefined || read.WEBHOOK_SECRET !== undefined) return null
  return 'WEBHOOK_SECRET (or WEBHOOK_SECRET_FILE) must be set when WEBHOOK_URL is: whsec_ and 32 random bytes in base64.'
}

export const webhooksOf = (read: WebhookSettings) => ({
  webhooks: Object.freeze({
    /** The endpoint of the settings; null when there is none. */
    url: read.WEBHOOK_URL ?? null,
    secret: read.WEBHOOK_SECRET ?? null,
    includesText: read.WEBHOOK_INCLUDE_TEXT,
    /** Addresses that are not public and may be sent to all the same. */
    allowedPrivate: read.WEBHOOK_ALLOW_PRIVATE === 'all' ? ('all' as const) : (read.WEBHOOK_ALLOW_PRIVATE as string[]),
    timeoutMs: read.WEBHOOK_TIMEOUT_MS,
    firstRetryMs: read.WEBHOOK_RETRY_MS,
    leaseTtlMs: read.WEBHOOK_LEASE_MS,
    lookIntervalMs: read.WEBHOOK_INTERVAL_MS,
    deliveredTtlMs: read.WEBHOOK_DELIVERED_HOURS * 3_600_000,
    failedTtlMs: read.WEBHOOK_FAILED_HOURS * 3_600_000,
  }),
})
