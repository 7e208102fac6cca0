import { LRUCache } from 'lru-cache'
import type { Change } from '../../ephemeral/presence.ts'
import type { Viewer } from '../viewer.ts'

/** Milliseconds for which activity in a session counts without being reported again, and sessions remembered for it. */
const usedMs = 30_000
const maxSessions = 10_000

/** Sessions in which something was done, each reported once in a while. */
export class UsedSessions {
  private readonly countsUntilMs = new LRUCache<string, number>({ max: maxSessions })
  private readonly unreported = new Map<string, Change>()

  note({ userId, sessionId }: Viewer): void {
    const nowMs = performance.now()
    if ((this.countsUntilMs.get(sessionId) ?? 0) > nowMs) return
    this.countsUntilMs.set(sessionId, nowMs + usedMs)
    if (this.unreported.size < maxSessions) this.unreported.set(sessionId, { type: 'USED', userId, sessionId })
  }

  /** What was done since the last time. */
  take(): Change[] {
    const changes = [...this.unreported.values()]
    this.unreported.clear()
    return changes
  }
}
