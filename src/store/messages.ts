import type { Database } from './database.ts'
import { messageColumns, parsePeople, peopleOf, pickMessage, type Message, type User, type UserJson } from './rows.ts'

export interface MessageKey {
  conversationId: string
  seq: number
}

export interface MessagePageRequest {
  conversationId: string
  /** Only messages with a larger seq. */
  afterSeq: number
  /** Only messages with a smaller seq. */
  beforeSeq: number
  /** Newest first, from the end. */
  backward: boolean
  limit: number
}

export interface MessagePages {
  /** For each request its page. */
  messages: Message[][]
  /** What the messages of all pages reply to. */
  repliedTo: Message[]
  /** Who sent any of these. */
  people: User[]
}

/** A message, and the stream's head in the snapshot it was read from. */
export interface MessageAsOf {
  message: Message
  headEventSeq: number
}

/** How far the members other than the sender have got, by what they let others see. */
export interface OthersProgress {
  /** Null when there is nobody else. */
  minDeliveredSeq: number | null
  /** Null when there is nobody else, or somebody does not tell. */
  minReadSeq: number | null
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

export interface MessageStore {
  byKeys(keys: readonly MessageKey[]): Promise<MessageAsOf[]>
  /** Pages in the direction asked for, what their messages reply to, and the senders. One statement for all. */
  pages(requests: readonly MessagePageRequest[]): Promise<MessagePages>
  othersProgress(keys: readonly { conversationId: string; senderId: string }[]): Promise<OthersProgress[]>
  /** For each request who has read the message, earliest first. One statement for all of them. */
  readBy(requests: readonly ReadByRequest[]): Promise<ReadRow[][]>
}

const readByKeys = {
  name: 'read_messages',
  text: `SELECT ${messageColumns('m', 'm_')}, c.head_event_seq AS "headEventSeq"
    FROM unnest($1::uuid[], $2::int[]) AS k(conversation_id, seq)
    JOIN messages m USING (conversation_id, seq) JOIN conversations c ON c.id = m.conversation_id`,
}

const senders = 'SELECT unnest(ARRAY["m_senderId", "t_senderId", "m_deletedById"]) FROM rows'

const readPages = {
  name: 'read_message_pages',
  text: `WITH rows AS MATERIALIZED (
      SELECT r.place, row_number() OVER (ORDER BY r.place, CASE WHEN r.backward THEN -m.seq ELSE m.seq END) AS nth,
        ${messageColumns('m', 'm_')}, ${messageColumns('t', 't_')}
      FROM unnest($1::uuid[], $2::int[], $3::int[], $4::boolean[], $5::int[])
        WITH ORDINALITY AS r(conversation_id, after_seq, before_seq, backward, max_rows, place)
      CROSS JOIN LATERAL (
        (SELECT * FROM messages WHERE NOT r.backward AND conversation_id = r.conversation_id
            AND seq > r.after_seq AND seq < r.before_seq ORDER BY seq LIMIT r.max_rows)
        UNION ALL
        (SELECT * FROM messages WHERE r.backward AND conversation_id = r.conversation_id
            AND seq > r.after_seq AND seq < r.before_seq ORDER BY seq DESC LIMIT r.max_rows)) m
      LEFT JOIN messages t ON t.conversation_id = m.conversation_id AND t.seq = m.reply_to_seq)
    SELECT rows.*, CASE WHEN nth = 1 THEN ${peopleOf(senders)} END AS people FROM rows ORDER BY nth`,
}

const readOthersProgress = {
  name: 'read_others_progress',
  text: `SELECT k.place, min(o.last_delivered_seq) AS "minDeliveredSeq",
      CASE WHEN bool_and(u.read_receipts_enabled) THEN min(o.last_read_seq) END AS "minReadSeq"
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS k(conversation_id, sender_id, place)
    JOIN members o ON o.conversation_id = k.conversation_id AND o.user_id <> k.sender_id AND o.left_at IS NULL
    JOIN users u ON u.id = o.user_id
    GROUP BY k.place`,
}

const readReadBy = {
  name: 'read_read_by',
  text: `SELECT r.place, x.user_id AS "userId", x.read_at AS "readAt"
    FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::int[])
      WITH ORDINALITY AS r(conversation_id, seq, sender_id, after_at, after_user, max_rows, place)
    CROSS JOIN LATERAL (
      SELECT * FROM (
        SELECT m.user_id, (SELECT p.read_at FROM receipts p WHERE p.conversation_id = r.conversation_id
            AND p.user_id = m.user_id AND p.up_to_seq >= r.seq ORDER BY p.up_to_seq LIMIT 1) AS read_at
          FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.conversation_id = r.conversation_id AND m.left_at IS NULL AND m.user_id <> r.sender_id
           AND m.last_read_seq >= r.seq AND u.read_receipts_enabled) AS reads
       WHERE read_at IS NOT NULL AND (r.after_at IS NULL OR (read_at, user_id) > (r.after_at, r.after_user))
       ORDER BY read_at, user_id LIMIT r.max_rows) x
    ORDER BY r.place, x.read_at, x.user_id`,
}

interface Placed {
  place: string
}

export function createMessageStore(db: Database): MessageStore {
  return {
    async byKeys(keys) {
      const rows = await db.run<{ headEventSeq: number }>(readByKeys, [
        keys.map((key) => key.conversationId),
        keys.map((key) => key.seq),
      ])
      return rows.flatMap((row) => {
        const message = pickMessage(row, 'm_')
        return message ? [{ message, headEventSeq: row.headEventSeq }] : []
      })
    },
    async pages(requests) {
      const rows = await db.run<Placed & { people: UserJson[] | null }>(readPages, [
        requests.map((request) => request.conversationId),
        requests.map((request) => request.afterSeq),
        requests.map((request) => request.beforeSeq),
        requests.map((request) => request.backward),
        requests.map((request) => request.limit),
      ])
      const pages: MessagePages = {
        messages: requests.map(() => []),
        repliedTo: [],
        people: parsePeople(rows[0]?.people ?? null),
      }
      for (const row of rows) {
        const message = pickMessage(row, 'm_')
        const repliedTo = pickMessage(row, 't_')
        if (message) pages.messages[Number(row.place) - 1]?.push(message)
        if (repliedTo) pages.repliedTo.push(repliedTo)
      }
      return pages
    },
    async othersProgress(keys) {
      const rows = await db.run<Placed & OthersProgress>(readOthersProgress, [
        keys.map((key) => key.conversationId),
        keys.map((key) => key.senderId),
      ])
      const results: OthersProgress[] = keys.map(() => ({ minDeliveredSeq: null, minReadSeq: null }))
      for (const { place, minDeliveredSeq, minReadSeq } of rows) {
        results[Number(place) - 1] = { minDeliveredSeq, minReadSeq }
      }
      return results
    },
    async readBy(requests) {
      const rows = await db.run<Placed & ReadRow>(readReadBy, [
        requests.map((request) => request.conversationId),
        requests.map((request) => request.seq),
        requests.map((request) => request.senderId),
        requests.map((request) => (request.after ? new Date(request.after.readAtMs) : null)),
        requests.map((request) => request.after?.userId ?? null),
        requests.map((request) => request.limit),
      ])
      const results: ReadRow[][] = requests.map(() => [])
      for (const { place, userId, readAt } of rows) results[Number(place) - 1]?.push({ userId, readAt })
      return results
    },
  }
}
