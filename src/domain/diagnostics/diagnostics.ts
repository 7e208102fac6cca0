import { LRUCache } from 'lru-cache'
import { diagnosed, limited } from '../../telemetry/facts.ts'
import type { Viewer } from '../viewer.ts'

/** What a client has counted since its last report. */
export interface DiagnosticCounts {
  eventCount: number
  acksWithoutEvent: number
  duplicateEvents: number
  duplicateMessages: number
  readsWentBack: number
}

export interface Diagnostics {
  /** False: another report of this person was counted within the minute, and this one was not. */
  report(viewer: Viewer, counts: DiagnosticCounts): boolean
}

/** Milliseconds between two reports of one person that count: one client must not be able to move the rates of all. */
const betweenReportsMs = 60_000
const maxRemembered = 50_000

/** What clients see of the promises that the protocol makes. It is counted, and stored nowhere. */
export function createDiagnostics(): Diagnostics {
  const reported = new LRUCache<string, true>({ max: maxRemembered, ttl: betweenReportsMs, perf: performance })
  return {
    report({ userId }, counts) {
      if (reported.has(userId)) {
        if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'diagnostics', payer: userId })
        return false
      }
      reported.set(userId, true)
      if (diagnosed.hasSubscribers) diagnosed.publish({ userId, ...counts })
      return true
    },
  }
}
