// Who has received and read messages, as far as they let others see it.
import { tableOfParameters, type Database } from './database/database.ts'
import type { MessageKey } from './messages.ts'
import { sideSeq } from './support-sides.ts'

export interface ProgressKey extends MessageKey {
  senderId: string
}

/** Whether all members other than the sender have received and read a message, as far as they let others see it. */
export interface OthersProgress {
  delivered: boolean
  read: boolean
}

export interface ReadRow {
  userId: string
  readAt: Date
}

export interface ReadByRequest extends MessageKey {
  senderId: string
  after: { readAtMs: number; userId: string } | null
  limit: number
}

/** Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface MessageReaderStore {
  /** For each message how far the others have got. One pass over a conversation's members for all its messages. */
  othersProgress(keys: readonly ProgressKey[], payer?: string): Promise<OthersProgress[]>
  /** For each request the members who have read the message, earliest first. One statement for all. */
  readBy(requests: readonly ReadByRequest[], payer?: string): Promise<ReadRow[][]>
}

// Whether the user has read receipts off. Few do, and an index has only these.
export const isSilent = (userId: string) =>
  `(SELECT true FROM users u WHERE u.id = ${userId} AND NOT u.read_receipts_enabled)`

const readOthersProgress = {
  name: 'read_others_progress',
  text: `WITH asked AS MATERIALIZED (
      SELECT * FROM ${tableOfParameters('uuid', 'int', 'uuid')} WITH ORDINALITY AS k(conversation_id, seq, sender_id, place)
    ), talks AS (
      SELECT conversation_id, min(seq) AS oldest FROM asked GROUP BY conversation_id
    ), got AS MATERIALIZED (
      -- The sender's own positions are never before what they sent, so that nobody needs to be left out of the least ones. In
      -- a large group one of the first is mostly behind the oldest message asked for; only else all are looked through, once.
      -- In a support conversation it is the two sides: the sender's own is never before what they sent either.
      SELECT t.*, s.user_id AS support_user_id,
        CASE WHEN s.user_id IS NULL THEN coalesce(few.delivered, whole.delivered)
          ELSE least(${sideSeq('last_delivered_seq', 'USER')}, ${sideSeq('last_delivered_seq', 'STAFF')}) END AS delivered_seq,
        CASE WHEN s.user_id IS NULL THEN coalesce(few.read, whole.read)
          ELSE least(${sideSeq('last_read_seq', 'USER')}, ${sideSeq('last_read_seq', 'STAFF')}) END AS read_seq
      FROM talks t LEFT JOIN support_cases s USING (conversation_id) CROSS JOIN LATERAL (
        SELECT CASE WHEN min(x.last_delivered_seq) < t.oldest THEN 0 END AS delivered, CASE WHEN min(x.last_read_seq) < t.oldest THEN 0 END AS read
          FROM (SELECT * FROM members WHERE conversation_id = t.conversation_id AND left_at IS NULL LIMIT 100) x) few
      CROSS JOIN LATERAL (
        SELECT min(last_delivered_seq) AS delivered, min(last_read_seq) AS read FROM members
         WHERE conversation_id = t.conversation_id AND left_at IS NULL AND (few.delivered IS NULL OR few.read IS NULL)) whole
    ), silent AS MATERIALIZED (
      -- Two who do not tell are enough to know one besides any sender. As a join it would be one through all users.
      SELECT got.conversation_id, x.user_id FROM got CROSS JOIN LATERAL (
        SELECT m.user_id FROM members m WHERE m.conversation_id = got.conversation_id AND m.left_at IS NULL
           AND got.read_seq >= got.oldest AND (got.support_user_id IS NULL OR m.user_id = got.support_user_id)
           AND ${isSilent('m.user_id')} LIMIT 2) x
    )
    SELECT k.place, got.delivered_seq >= k.seq AND others.exist AS delivered,
      got.read_seq >= k.seq AND others.exist AND NOT EXISTS (
        SELECT FROM silent s WHERE s.conversation_id = k.conversation_id AND s.user_id <> k.sender_id) AS read
    FROM asked k JOIN got USING (conversation_id) CROSS JOIN LATERAL (SELECT EXISTS (
      SELECT FROM members m WHERE m.conversation_id = k.conversation_id AND m.user_id <> k.sender_id AND m.left_at IS NULL)
      OR got.support_user_id IS NOT NULL AS exist) others`,
}

/** Receipts that are searched in the order of time before members are: enough to fill a page in a large group. */
const maxReceipts = 2_000
/** Up to this number of members, all are looked up one by one at once. */
const fewMembers = 300

// A position after what is withheld from a member passes it over: they have not read it.
const hadIt = '(r.seq > m.history_from_seq OR p.up_to_seq <= m.history_from_seq)'

// Whether others may see that p.user_id read it then. Scalar subqueries: the planner turns other forms into joins through
// all members. A receipt that was not published to the others yet is after last_read_seq.
const isShown = `(SELECT u.read_receipts_enabled AND m.last_read_seq >= p.up_to_seq FROM members m JOIN users u ON u.id = m.user_id
  WHERE m.conversation_id = r.conversation_id AND m.user_id = p.user_id AND m.left_at IS NULL
    AND ${hadIt})`

// The query must not read all receipts that there ever were. In a large group the first members who read a message have
// receipts soon after it, so a number of receipts are searched in the order of time. Members who are then missing for the
// page, and the few members of a small conversation, are looked up one by one. A receipt's time was once taken before its
// lock, so it may be earlier than the message by the longest wait for a lock.
const readReadBy = {
  name: 'read_read_by',
  text: `SELECT r.place, x.user_id AS "userId", x.read_at AS "readAt"
    FROM ${tableOfParameters('uuid', 'int', 'uuid', 'timestamptz', 'uuid', 'int')}
      WITH ORDINALITY AS r(conversation_id, seq, sender_id, after_at, after_user, max_rows, place)
    JOIN messages s ON s.conversation_id = r.conversation_id AND s.seq = r.seq
    JOIN conversations c ON c.id = r.conversation_id
    CROSS JOIN LATERAL (SELECT coalesce(r.after_at, s.created_at - interval '10 seconds') AS at,
      coalesce(r.after_user, r.conversation_id) AS user_id) f
    CROSS JOIN LATERAL (
      WITH soon AS MATERIALIZED (
        SELECT * FROM receipts p WHERE p.conversation_id = r.conversation_id AND c.member_count > ${String(fewMembers)}
           AND (p.read_at, p.user_id) > (f.at, f.user_id)
         ORDER BY p.read_at, p.user_id LIMIT ${String(maxReceipts)}
      ), first AS MATERIALIZED (
        SELECT p.user_id, p.read_at FROM soon p
         WHERE p.up_to_seq >= r.seq AND p.user_id <> r.sender_id
           AND (SELECT min(e.up_to_seq) FROM receipts e WHERE e.conversation_id = r.conversation_id AND e.user_id = p.user_id
             AND e.up_to_seq >= r.seq) = p.up_to_seq
           AND ${isShown}
         ORDER BY p.read_at, p.user_id LIMIT r.max_rows
      ), looked AS MATERIALIZED (
        SELECT (SELECT count(*) FROM soon) AS receipts, (SELECT count(*) FROM first) AS readers
      )
      SELECT * FROM (
        SELECT * FROM first
        UNION ALL
        SELECT m.user_id, p.read_at FROM members m CROSS JOIN LATERAL (
            SELECT * FROM receipts e WHERE e.conversation_id = r.conversation_id AND e.user_id = m.user_id AND e.up_to_seq >= r.seq
             ORDER BY e.up_to_seq LIMIT 1) p
         WHERE m.conversation_id = r.conversation_id AND m.left_at IS NULL AND m.last_read_seq >= r.seq AND m.user_id <> r.sender_id
           AND (c.member_count <= ${String(fewMembers)}
             OR (SELECT receipts = ${String(maxReceipts)} AND readers < r.max_rows FROM looked))
           AND (p.read_at, p.user_id) > (f.at, f.user_id)
           AND m.user_id <> ALL (ARRAY(SELECT user_id FROM first))
           AND ${hadIt} AND m.last_read_seq >= p.up_to_seq AND (SELECT u.read_receipts_enabled FROM users u WHERE u.id = m.user_id)
      ) each ORDER BY read_at, user_id LIMIT r.max_rows) x
    ORDER BY r.place, x.read_at, x.user_id`,
}

interface Placed {
  place: string
}

export function createMessageReaderStore(db: Database): MessageReaderStore {
  return {
    async othersProgress(keys, payer) {
      const rows = await db.run<Placed & OthersProgress>(
        readOthersProgress,
        [keys.map((key) => key.conversationId), keys.map((key) => key.seq), keys.map((key) => key.senderId)],
        payer,
      )
      const results: OthersProgress[] = keys.map(() => ({ delivered: false, read: false }))
      for (const { place, delivered, read } of rows) results[Number(place) - 1] = { delivered, read }
      return results
    },
    async readBy(requests, payer) {
      const rows = await db.run<Placed & ReadRow>(
        readReadBy,
        [
          requests.map((request) => request.conversationId),
          requests.map((request) => request.seq),
          requests.map((request) => request.senderId),
          requests.map((request) => (request.after ? new Date(request.after.readAtMs) : null)),
          requests.map((request) => request.after?.userId ?? null),
          requests.map((request) => request.limit),
        ],
        payer,
      )
      const results: ReadRow[][] = requests.map(() => [])
      for (const { place, userId, readAt } of rows) results[Number(place) - 1]?.push({ userId, readAt })
      return results
    },
  }
}
