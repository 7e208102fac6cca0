import { LRUCache } from 'lru-cache'
import { limited } from './facts.ts'
import { Listening } from './listening.ts'
import type { Logger } from './logger.ts'

const intervalMs = 60_000
/** Most pairs of limit and payer that are remembered. Many payers cannot fill the log faster than they fill this. */
const maxRemembered = 1_000
/** Most lines of one limit in an interval, for all payers together. */
const maxLinesPerLimit = 100

/** Logs one line for each limit that was reached, by payer and minute. Returns the function that stops it. */
export function logLimits(logger: Pick<Logger, 'warn'>): () => void {
  const told = new LRUCache<string, true>({ max: maxRemembered, ttl: intervalMs, perf: Date })
  const lineCounts = new LRUCache<string, { count: number }>({ max: maxRemembered, ttl: intervalMs, perf: Date })
  const listening = new Listening()
  listening.on(limited, ({ code, limit, payer }) => {
    const key = `${limit} ${payer ?? ''}`
    if (told.has(key)) return
    told.set(key, true)
    let lines = lineCounts.get(limit)
    if (!lines) lineCounts.set(limit, (lines = { count: 0 }))
    if (++lines.count > maxLinesPerLimit) return
    logger.warn({ event: 'limit.reached', code, limit, ...(payer !== undefined && { payer }) }, 'A limit was reached')
  })
  return () => {
    listening.stop()
  }
}
