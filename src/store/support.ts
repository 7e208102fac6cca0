import { extentColumns, type StreamExtent } from './conversations.ts'
import { arrayParameter, tableOfParameters, type Database } from './database/database.ts'
import {
  conversationColumns,
  pickConversation,
  pickSupportCase,
  supportCaseColumns,
  type Conversation,
  type SupportCase,
  type SupportStatus,
} from './rows.ts'

export interface Head {
  headEventSeq: number
  headMark: string
}

/** A place in the queue. */
export interface QueuePosition {
  status: SupportStatus
  isAnswered: boolean
  queueAtMs: number
  conversationId: string
}

export interface QueueRequest {
  /** Null: both, open ones first. */
  status: SupportStatus | null
  after: QueuePosition | null
  limit: number
}

export interface QueueRow {
  conversation: Conversation
  supportCase: SupportCase
}

/** A support conversation, and the head of its stream in the snapshot that it was read from. */
export interface CaseAsOf extends Head {
  supportCase: SupportCase
}

/** Reads of the support desk. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface SupportStore {
  /** A page of the queue, and the head of the desk's stream in the same snapshot. One statement, found by an index. */
  queue(request: QueueRequest, payer: string): Promise<{ rows: QueueRow[]; deskHead: Head }>
  /** Whether something of the queue is at this place or before it. */
  isBehind(status: SupportStatus | null, place: QueuePosition, payer: string): Promise<boolean>
  /** Those of these conversations that are with support, in no order. */
  cases(conversationIds: readonly string[], payer?: string): Promise<CaseAsOf[]>
  /** Where these streams are that are of support conversations, or the desk's. By stream, with the position in each. One statement. */
  extents(places: ReadonlyMap<string, number>, payer: string): Promise<Map<string, StreamExtent>>
  /** How many of this person's own support conversations have answers that they have not read. */
  unreadAnswers(userId: string): Promise<number>
  /** How many open conversations have messages of their user that nobody of the staff has read. */
  unreadByStaff(payer: string): Promise<{ count: number; deskHead: Head }>
}

const order = 's.status, s.is_answered, s.queue_at, s.conversation_id'

/**
 * The rows after a place, or up to it, as one range of the index. With a status it is compared apart: in the comparison of the
 * whole rows PostgreSQL would begin at the first row of that status.
 */
const range = (isOneStatus: boolean, compared: '>' | '<=') =>
  isOneStatus
    ? `s.status = $1::support_status AND (s.is_answered, s.queue_at, s.conversation_id) ${compared} ($2::boolean, $3::timestamptz, $4::uuid)`
    : `(${order}) ${compared} ($1::support_status, $2::boolean, $3::timestamptz, $4::uuid)`

/** Each an own text, so that each is planned for its range of the index. */
export const readQueue = (isOneStatus: boolean) => ({
  name: isOneStatus ? 'read_support_queue_of_status' : 'read_support_queue',
  text: `SELECT desk.head_event_seq AS "deskHeadEventSeq", desk.head_mark AS "deskHeadMark", ${supportCaseColumns('s', 's_')},
      ${conversationColumns('c', 'c_')}
    FROM conversations desk
    LEFT JOIN LATERAL (SELECT * FROM support_cases s WHERE ${range(isOneStatus, '>')} ORDER BY ${order} LIMIT $5) s ON true
    LEFT JOIN conversations c ON c.id = s.conversation_id
    WHERE desk.id = parley_desk() ORDER BY ${order}`,
})

const readBehind = (isOneStatus: boolean) => ({
  name: isOneStatus ? 'read_support_queue_behind_of_status' : 'read_support_queue_behind',
  text: `SELECT EXISTS (SELECT FROM support_cases s WHERE ${range(isOneStatus, '<=')}) AS "isBehind"`,
})

const readCases = {
  name: 'read_support_cases',
  text: `SELECT ${supportCaseColumns('s', 's_')}, c.head_event_seq AS "headEventSeq", c.head_mark AS "headMark"
    FROM support_cases s JOIN conversations c ON c.id = s.conversation_id
    WHERE s.conversation_id = ANY (${arrayParameter('uuid')})`,
}

// The conversation's user is always a member of it.
const readUnreadAnswers = {
  name: 'read_unread_answers',
  text: `SELECT count(*)::int AS count FROM support_cases s
    JOIN members m ON m.conversation_id = s.conversation_id AND m.user_id = s.user_id
    WHERE s.user_id = $1 AND EXISTS (SELECT FROM messages x WHERE x.conversation_id = s.conversation_id
      AND x.seq > m.own_read_seq AND x.sender_id <> s.user_id AND x.deleted_at IS NULL)`,
}

const readExtents = {
  name: 'read_support_extents',
  text: `SELECT c.id AS "streamId", ${extentColumns('c', 'e')}
    FROM ${tableOfParameters('uuid', 'int')} AS k(stream_id, seq)
    JOIN conversations c ON c.id = k.stream_id AND (c.kind = 'SUPPORT' OR c.id = parley_desk())
    LEFT JOIN events e ON e.stream_id = k.stream_id AND e.seq = k.seq`,
}

const readUnreadByStaff = {
  name: 'read_unread_by_staff',
  text: `SELECT desk.head_event_seq AS "headEventSeq", desk.head_mark AS "headMark", (SELECT count(*)::int FROM support_cases
      WHERE status = 'OPEN' AND last_user_seq > staff_read_seq) AS count
    FROM conversations desk WHERE desk.id = parley_desk()`,
}

const first = [false, '-infinity', '00000000-0000-0000-0000-000000000000']
const last = [true, 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff']

/** A place as the parameters of `range`: with a status it is one among the rows of that status. */
function valuesOf(status: SupportStatus | null, position: QueuePosition | null): unknown[] {
  if (!position) return [status ?? 'OPEN', ...first]
  if (status && status !== position.status) return [status, ...(status === 'OPEN' ? last : first)]
  return [position.status, position.isAnswered, new Date(position.queueAtMs), position.conversationId]
}

interface QueueColumns extends Record<string, unknown> {
  deskHeadEventSeq: number
  deskHeadMark: string
}

export function createSupportStore(db: Database): SupportStore {
  return {
    async queue({ status, after, limit }, payer) {
      const values = [...valuesOf(status, after), limit]
      const found = await db.run<QueueColumns>(readQueue(status !== null), values, payer)
      const [head] = found
      if (!head) throw new Error('the desk has no stream')
      const rows = found.flatMap((row) => {
        const conversation = pickConversation(row, 'c_')
        const supportCase = pickSupportCase(row, 's_')
        return conversation && supportCase ? [{ conversation, supportCase }] : []
      })
      return { rows, deskHead: { headEventSeq: head.deskHeadEventSeq, headMark: head.deskHeadMark } }
    },
    async isBehind(status, position, payer) {
      const values = valuesOf(status, position)
      const [row] = await db.run<{ isBehind: boolean }>(readBehind(status !== null), values, payer)
      return row?.isBehind === true
    },
    async cases(conversationIds, payer) {
      const rows = await db.run<Head & Record<string, unknown>>(readCases, [conversationIds], payer)
      return rows.flatMap((row) => {
        const supportCase = pickSupportCase(row, 's_')
        const { headEventSeq, headMark } = row
        return supportCase ? [{ supportCase, headEventSeq, headMark }] : []
      })
    },
    async extents(places, payer) {
      const values = [[...places.keys()], [...places.values()]]
      const rows = await db.run<StreamExtent & { streamId: string }>(readExtents, values, payer)
      return new Map(rows.map(({ streamId, ...extent }) => [streamId, extent]))
    },
    unreadAnswers: async (userId) =>
      (await db.run<{ count: number }>(readUnreadAnswers, [userId], userId))[0]?.count ?? 0,
    async unreadByStaff(payer) {
      const [row] = await db.run<Head & { count: number }>(readUnreadByStaff, [], payer)
      if (!row) throw new Error('the desk has no stream')
      const { count, headEventSeq, headMark } = row
      return { count, deskHead: { headEventSeq, headMark } }
    },
  }
}
