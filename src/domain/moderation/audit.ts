import { LRUCache } from 'lru-cache'
import { timeMs } from '../../clock.ts'
import type { AuditEntry, AuditFilter, AuditStore, NewAuditEntry } from '../../store/audit.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { ForbiddenError } from '../errors.ts'
import type { Viewer } from '../viewer.ts'

/** What is found by checking the chain of the log. */
export type AuditCheck = { isWhole: true; entries: number } | { isWhole: false; brokenSeq: number }

/**
 * What somebody may have to answer for. Writes record themselves, by parley_audit in their transaction; what is no write of the database, or
 * is refused, is noted here.
 */
export interface Audit {
  /** Adds an entry. Rejects with UNAVAILABLE when the database does not answer in time. For what cannot call parley_audit in its own transaction. */
  record(entry: NewAuditEntry): Promise<void>
  /**
   * Somebody gave a wrong password; `userId` null: for a handle that nobody has. Never waits. Of more than 60 a minute in this process the
   * rest is counted in the next entry.
   */
  loginFailed(userId: string | null, address: string): void
  /** Somebody of the staff reads a support conversation (null: all of them, as they come). Never waits; once an hour for each. */
  staffRead(viewer: Viewer, conversationId: string | null): void
  /** For an ADMIN. The newest first. */
  list(viewer: Viewer, filter: AuditFilter, beforeSeq: number | null, limit: number): Promise<AuditEntry[]>
  forget(isStopping: () => boolean): Promise<void>
}

export interface AuditOptions {
  store: AuditStore
  logger: Logger
  /** Milliseconds for which entries are kept. */
  ttlMs: number
}

const failuresPerMinute = 60
const minuteMs = 60_000
const readingMs = 60 * minuteMs
const maxReadings = 10_000
const batchSize = 1_000
/** Most entries that wait for being written at once: so many a second at the most, whoever reads how much. */
const maxWaiting = 500

export function createAudit({ store, logger, ttlMs }: AuditOptions): Audit {
  const readings = new LRUCache<string, true>({ max: maxReadings, ttl: readingMs })
  let minute = { startedAtMs: -Infinity, count: 0 }
  let omitted = 0
  let waiting: NewAuditEntry[] = []
  let writing = false

  const flush = async () => {
    while (waiting.length > 0) {
      const entries = waiting
      waiting = []
      await store.add(entries)
    }
  }
  const note = (entry: NewAuditEntry) => {
    if (waiting.length >= maxWaiting) return
    waiting.push(entry)
    if (writing) return
    writing = true
    flush()
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'entries of the audit log could not be written')
      })
      .finally(() => {
        writing = false
      })
  }

  return {
    record: (entry) => store.add([entry]),
    loginFailed(userId, address) {
      const nowMs = performance.now()
      if (nowMs - minute.startedAtMs > minuteMs) minute = { startedAtMs: nowMs, count: 0 }
      if (++minute.count > failuresPerMinute) {
        omitted++
        return
      }
      const data = { address, ...(omitted > 0 && { omitted }) }
      omitted = 0
      note({ action: 'session.refused', actorId: null, subjectId: userId, conversationId: null, data })
    },
    staffRead({ userId: actorId }, conversationId) {
      const key = `${actorId} ${conversationId ?? 'all'}`
      if (readings.has(key)) return
      readings.set(key, true)
      const action = conversationId === null ? 'support.followed' : 'support.read'
      note({ action, actorId, subjectId: null, conversationId, data: {} })
    },
    async list(viewer, filter, beforeSeq, limit) {
      if (viewer.role !== 'ADMIN') throw new ForbiddenError('Only an ADMIN of this server may read the audit log.')
      return store.list(filter, beforeSeq, limit)
    },
    async forget(isStopping) {
      const before = new Date(timeMs() - ttlMs)
      while (!isStopping() && (await store.retire(before, batchSize)) >= batchSize);
    },
  }
}

/** Checks each entry's hash, from the oldest that is there to the newest at this moment. */
export async function checkAudit(store: Pick<AuditStore, 'chain' | 'check'>): Promise<AuditCheck> {
  const { head, floor } = await store.chain()
  let at = floor
  while (at.seq < head.seq) {
    const { last, brokenSeq } = await store.check(at, batchSize)
    if (brokenSeq !== null) return { isWhole: false, brokenSeq }
    if (!last) return { isWhole: false, brokenSeq: at.seq + 1 }
    // Entries after the head that was read are of now.
    if (last.seq >= head.seq) return { isWhole: true, entries: last.seq - floor.seq }
    at = last
  }
  return { isWhole: true, entries: head.seq - floor.seq }
}
