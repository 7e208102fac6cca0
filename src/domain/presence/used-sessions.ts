import { LRUCache } from 'lru-cache'
import type { Change } from '../../ephemeral/presence.ts'
import type { Viewer } from '../viewer.ts'

/** Milliseconds within which further activity in a session is not reported again, and most sessions remembered for that. */
const usedMs = 30_000
const maxSessions = 10_000

/** Sessions with activity, each reported once per interval. */
export class UsedSessions {
  private readonly countsUntilMs = new LRUCache<string, number>({ max: maxSessions })
  private readonly unreported = new Map<string, Change>()

  note({ userId, sessionId }: Viewer): void {
    const nowMs = performance.now()
    if ((this.countsUntilMs.get(sessionId) ?? 0) > nowMs) return
    this.countsUntilMs.set(sessionId, nowMs + usedMs)
    if (this.unreported.size < maxSessions) this.unreported.set(sessionId, { type: 'USED', userId, sessionId })
  }

  /** Returns the activity since the last call. */
  take(): Change[] {
    const changes = [...this.unreported.values()]
    this.unreported.clear()
    return changes
  }
}
