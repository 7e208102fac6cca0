import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { UnavailableError } from '../../domain/errors.ts'
import type { AdvanceCursor } from './commands.ts'
import type { Database, Statement } from '../database/database.ts'
import { createGather } from './gather.ts'
import type { LogEventOf } from '../log-event.ts'
import { outcomes, type OutcomeOf } from './outcomes.ts'

type Advanced = OutcomeOf<'advanceCursor'>

export interface AdvanceOptions {
  db: Database
  /** Number of members from which on receipts are gathered, so that the other members get them later. */
  gatherFrom: number
  /** Sends one advance alone, in a conversation of any size. Returns what the database answers. */
  one: (advance: AdvanceCursor) => Promise<unknown>
}

/** Conversations that are remembered to be large. Beyond that the one not used for longest is forgotten. */
const maxKnown = 10_000

const advanceCursors: Statement = {
  name: 'advanceCursors',
  isRepeatable: true,
  text: `SELECT outcome, last_read_seq AS "lastReadSeq", last_delivered_seq AS "lastDeliveredSeq",
      unread_count AS "unreadCount", event_seq AS "eventSeq", mark, mark_before AS "markBefore",
      at_ms AS "atMs"
    FROM parley_advance_cursors($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::int)`,
}

interface AdvancedRow {
  outcome: string
  lastReadSeq: number
  lastDeliveredSeq: number
  unreadCount: number
  /** Of the event on the member's personal stream, if there is one. */
  eventSeq: number | null
  mark: string | null
  markBefore: string | null
  atMs: number
}

function ownEvent(
  { actorId, conversationId }: AdvanceCursor,
  eventSeq: number,
  mark: string,
  markBefore: string | null,
  atMs: number,
): LogEventOf<'INBOX_ENTRY_CHANGED'> {
  return {
    streamId: actorId,
    seq: eventSeq,
    type: 'INBOX_ENTRY_CHANGED',
    actorId,
    messageSeq: null,
    data: { conversationId },
    occurredAt: new Date(atMs),
    mark,
    markBefore,
    message: null,
  }
}

/** Somebody else held the member's row, and nothing was done. */
const locked = z.object({ outcome: z.literal('LOCKED') })
const singleAnswer = z.union([locked, outcomes.advanceCursor])

function advanced(advance: AdvanceCursor, { eventSeq, mark, markBefore, atMs, ...row }: AdvancedRow): Advanced {
  const events = eventSeq === null || mark === null ? [] : [ownEvent(advance, eventSeq, mark, markBefore, atMs)]
  const { outcome } = row
  if (outcome === 'ADVANCED' || outcome === 'UNCHANGED') return { ...row, outcome, gathered: true, events }
  return outcomes.advanceCursor.parse(row)
}

/**
 * Advances in large conversations go together, many in one statement. In small ones they go singly, as each of them locks
 * the conversation. The answers tell which conversation is large. Until the first advance of a conversation is answered,
 * the others wait for it, so that a thousand members who read a new message at once need a handful of statements from the
 * start.
 *
 * The returned function rejects with UNAVAILABLE when the database does not answer in time. Repeating an advance is
 * harmless.
 */
export function createAdvances({ db, gatherFrom, one }: AdvanceOptions): (advance: AdvanceCursor) => Promise<Advanced> {
  const large = new LRUCache<string, true>({ max: maxKnown })
  const firsts = new Map<string, Promise<Advanced>>()

  const single = async (advance: AdvanceCursor): Promise<Advanced> => {
    let result = singleAnswer.parse(await one(advance))
    // A message came between the statements of the function, so nothing was done. A second call sees that message.
    if (result.outcome === 'LOCKED') result = outcomes.advanceCursor.parse(await one(advance))
    const { conversationId } = advance
    if (result.outcome === 'NOT_FOUND' || !result.gathered) large.delete(conversationId)
    else large.set(conversationId, true)
    return result
  }

  const rowOf = ({ actorId, conversationId }: AdvanceCursor) => `${actorId} ${conversationId}`
  const together = createGather<AdvanceCursor, Advanced>({
    lockOf: rowOf,
    keyOf: rowOf,
    one: single,
    many: async (advances) => {
      const rows = await db.run<AdvancedRow & Record<string, unknown>>(advanceCursors, [
        advances.map(({ actorId }) => actorId),
        advances.map(({ conversationId }) => conversationId),
        advances.map(({ readSeq }) => readSeq),
        advances.map(({ deliveredSeq }) => deliveredSeq),
        gatherFrom,
      ])
      return Promise.all(
        advances.map(async (advance, index) => {
          const row = rows[index]
          if (!row) throw new Error('advanceCursors did not answer each advance')
          if (row.outcome === 'LOCKED') return null
          return row.outcome === 'SMALL' ? await single(advance) : advanced(advance, row)
        }),
      )
    },
  })

  return async (advance) => {
    const { conversationId } = advance
    const inFlight = large.has(conversationId) ? undefined : firsts.get(conversationId)
    if (inFlight) {
      await inFlight.catch((error: unknown) => {
        // Fail at once: the others must not wait another two seconds each.
        if (error instanceof UnavailableError) throw error
      })
    }
    if (large.get(conversationId)) return together(advance)
    if (firsts.has(conversationId)) return single(advance)
    const first = single(advance).finally(() => firsts.delete(conversationId))
    firsts.set(conversationId, first)
    return first
  }
}
