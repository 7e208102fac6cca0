import { arrayParameter, tableOfParameters, type Database } from './database/database.ts'
import type { MessageKey } from './messages.ts'
import {
  parsePeople,
  peopleOf,
  pickMessage,
  shownMessageColumns,
  type Message,
  type User,
  type UserJson,
} from './rows.ts'

export interface RepliesRequest extends MessageKey {
  /** Only replies with a larger seq. */
  afterSeq: number
  limit: number
}

export interface PinRow {
  seq: number
  pinnedAt: Date
}

/**
 * Reads of what ties the messages of a conversation together: one statement for any number of them. Every method rejects with
 * UNAVAILABLE when the database does not answer in time.
 */
export interface ThreadStore {
  /** For each message how many messages answer it, deleted ones left out. */
  replyCounts(keys: readonly MessageKey[], payer?: string): Promise<number[]>
  /** For each request the messages that answer the message, oldest first, also deleted ones, and their senders. */
  replies(requests: readonly RepliesRequest[], payer?: string): Promise<{ messages: Message[][]; people: User[] }>
  /** For each conversation its pinned messages, newest pin first. */
  pins(conversationIds: readonly string[], payer?: string): Promise<PinRow[][]>
}

// A count for each message: the index has all that it needs.
const readReplyCounts = {
  name: 'read_reply_counts',
  text: `SELECT r.place::int, (SELECT count(*)::int FROM messages m
      WHERE m.conversation_id = r.conversation_id AND m.reply_to_seq = r.seq AND m.deleted_at IS NULL
        AND m.seq > c.texts_left_seq) AS count
    FROM ${tableOfParameters('uuid', 'int')} WITH ORDINALITY AS r(conversation_id, seq, place)
    JOIN conversations c ON c.id = r.conversation_id`,
}

const readReplies = {
  name: 'read_replies',
  text: `WITH rows AS MATERIALIZED (
      SELECT r.place::int, row_number() OVER (ORDER BY r.place, m.seq) AS nth, ${shownMessageColumns('m', 'c', 'm_')}
      FROM ${tableOfParameters('uuid', 'int', 'int', 'int')}
        WITH ORDINALITY AS r(conversation_id, seq, after_seq, max_rows, place)
      JOIN conversations c ON c.id = r.conversation_id
      CROSS JOIN LATERAL (
        SELECT * FROM messages WHERE conversation_id = r.conversation_id AND reply_to_seq = r.seq AND seq > r.after_seq
         ORDER BY seq LIMIT r.max_rows) m)
    SELECT rows.*, CASE WHEN nth = 1 THEN ${peopleOf('SELECT "m_senderId" FROM rows UNION ALL SELECT "m_deletedById" FROM rows')}
      END AS people
    FROM rows ORDER BY nth`,
}

const readPins = {
  name: 'read_pins',
  text: `SELECT p.conversation_id AS "conversationId", p.message_seq AS seq, p.pinned_at AS "pinnedAt"
    FROM pins p JOIN conversations c ON c.id = p.conversation_id AND p.message_seq > c.texts_left_seq
    WHERE p.conversation_id = ANY (${arrayParameter('uuid')})
    ORDER BY p.conversation_id, p.event_seq DESC`,
}

export function createThreadStore(db: Database): ThreadStore {
  return {
    async replyCounts(keys, payer) {
      const values = [keys.map((key) => key.conversationId), keys.map((key) => key.seq)]
      const rows = await db.run<{ place: number; count: number }>(readReplyCounts, values, payer)
      const counts = keys.map(() => 0)
      for (const { place, count } of rows) counts[place - 1] = count
      return counts
    },
    async replies(requests, payer) {
      const values = [
        requests.map((request) => request.conversationId),
        requests.map((request) => request.seq),
        requests.map((request) => request.afterSeq),
        requests.map((request) => request.limit),
      ]
      const rows = await db.run<{ place: number; people: UserJson[] | null }>(readReplies, values, payer)
      const messages = requests.map((): Message[] => [])
      for (const row of rows) {
        const message = pickMessage(row, 'm_')
        if (message) messages[row.place - 1]?.push(message)
      }
      return { messages, people: parsePeople(rows[0]?.people ?? null) }
    },
    async pins(conversationIds, payer) {
      const rows = await db.run<PinRow & { conversationId: string }>(readPins, [conversationIds], payer)
      const pins = new Map(conversationIds.map((id): [string, PinRow[]] => [id, []]))
      for (const { conversationId, seq, pinnedAt } of rows) pins.get(conversationId)?.push({ seq, pinnedAt })
      return conversationIds.map((id) => pins.get(id) ?? [])
    },
  }
}
