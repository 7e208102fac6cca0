import { LRUCache } from 'lru-cache'
import { startRounds } from '../../flow/rounds.ts'
import type { SessionStore } from '../../store/sessions.ts'
import type { Logger } from '../../telemetry/logger.ts'

/** Milliseconds within which further use of a session is not stored again, and most sessions remembered for that. */
const countsMs = 60_000
const maxSessions = 20_000
const storeEveryMs = 30_000
/** Sessions of one statement. */
const batchSize = 500

/** Stores when sessions were used last, many in one statement. What was not stored when a process dies is lost. */
export interface SessionUsage {
  note(sessionId: string): void
  stop(): Promise<void>
}

export interface SessionUsageOptions {
  store: Pick<SessionStore, 'noteUsed'>
  logger: Logger
}

export function startSessionUsage({ store, logger }: SessionUsageOptions): SessionUsage {
  const counted = new LRUCache<string, true>({ max: maxSessions, ttl: countsMs })
  let unstored = new Set<string>()

  const storeAll = async () => {
    const sessionIds = [...unstored]
    unstored = new Set()
    for (let at = 0; at < sessionIds.length; at += batchSize) {
      await store.noteUsed(sessionIds.slice(at, at + batchSize)).catch((error: unknown) => {
        logger.debug({ err: error }, 'could not store when sessions were used; their next use will be')
      })
    }
  }

  const rounds = startRounds(storeEveryMs, storeAll)
  return {
    note(sessionId) {
      if (counted.has(sessionId)) return
      counted.set(sessionId, true)
      if (unstored.size < maxSessions) unstored.add(sessionId)
    },
    async stop() {
      await rounds.stop()
      await storeAll()
    },
  }
}
