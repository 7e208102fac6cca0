/** When a delivery is attempted again, in milliseconds. */
export interface RetryTimes {
  firstMs: number
  /** Longest time between two attempts, also when an answer asks for more. */
  maxMs: number
  /** From the first attempt on. */
  giveUpAfterMs: number
}

const hourMs = 3_600_000

export const retryTimes: RetryTimes = { firstMs: 5_000, maxMs: 6 * hourMs, giveUpAfterMs: 72 * hourMs }

/** Each wait is three times the one before: 5 s, 15 s, 45 s, 2 min, 7 min, 20 min, 1 h, 3 h, then 6 h. */
const factor = 3

/** Milliseconds until the next attempt, when this many have failed. Others that failed with it come at other times. */
export const backoffMs = (attempts: number, { firstMs, maxMs }: RetryTimes, chance = Math.random()): number =>
  Math.min(firstMs * factor ** Math.min(attempts - 1, 30), maxMs) * (0.75 + chance / 2)

/** What a Retry-After asks for, in milliseconds from now: seconds, or a time. Null for anything else. */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null
  const text = value.trim()
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1_000
  // An HTTP date is in words; Date.parse() takes much else besides.
  const atMs = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}

export type Verdict = 'DELIVERED' | 'AGAIN' | 'FINAL' | 'GONE'

/** What the status of an answer means; null when there was no answer. */
export function verdictOf(status: number | null): Verdict {
  if (status === null) return 'AGAIN'
  if (status >= 200 && status < 300) return 'DELIVERED'
  // "Do not call again", by Standard Webhooks.
  if (status === 410) return 'GONE'
  return status === 408 || status === 429 || status >= 500 ? 'AGAIN' : 'FINAL'
}
