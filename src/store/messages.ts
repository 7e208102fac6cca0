import { tableOfParameters, type Database } from './database/database.ts'
import { createMessageReaderStore, type MessageReaderStore } from './message-readers.ts'
import {
  parsePeople,
  peopleOf,
  pickMessage,
  shownMessageColumns,
  type Message,
  type User,
  type UserJson,
} from './rows.ts'

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
  /** For each request its page of messages. */
  messages: Message[][]
  /** The messages that any message of the pages replies to. */
  repliedTo: Message[]
  /** The senders of all these messages. */
  people: User[]
}

/** A message, and the stream's head in the snapshot it was read from. */
export interface MessageAsOf {
  message: Message
  headEventSeq: number
  headMark: string
  /** Messages of the conversation after this seq are withheld from nobody. */
  historyBoundSeq: number
}

/** A text that a message had before an edit. */
export interface RevisionRow {
  revision: number
  text: string
  /** When the message came to have this text. */
  editedAt: Date
}

/** Reads of messages. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface MessageStore extends MessageReaderStore {
  /** The messages that exist, in no order. */
  byKeys(keys: readonly MessageKey[], payer?: string): Promise<MessageAsOf[]>
  /** Pages in the requested direction, the messages that theirs reply to, and the senders. One statement for all. */
  pages(requests: readonly MessagePageRequest[], payer?: string): Promise<MessagePages>
  /** For each message its former texts, oldest first. One statement for all. */
  revisions(keys: readonly MessageKey[], payer?: string): Promise<RevisionRow[][]>
}

const readByKeys = {
  name: 'read_messages',
  text: `SELECT ${shownMessageColumns('m', 'c', 'm_')}, c.head_event_seq AS "headEventSeq", c.head_mark AS "headMark",
      c.history_bound_seq AS "historyBoundSeq"
    FROM ${tableOfParameters('uuid', 'int')} AS k(conversation_id, seq)
    JOIN messages m USING (conversation_id, seq) JOIN conversations c ON c.id = m.conversation_id`,
}

// Pages, the messages that theirs reply to (in place 0), and a row of its own for the people.
const readPages = {
  name: 'read_message_pages',
  text: `WITH page AS MATERIALIZED (
      SELECT r.place::int, ${shownMessageColumns('m', 'c', '')}
      FROM ${tableOfParameters('uuid', 'int', 'int', 'boolean', 'int')}
        WITH ORDINALITY AS r(conversation_id, after_seq, before_seq, backward, max_rows, place)
      JOIN conversations c ON c.id = r.conversation_id
      CROSS JOIN LATERAL (
        (SELECT * FROM messages WHERE NOT r.backward AND conversation_id = r.conversation_id
            AND seq > r.after_seq AND seq < r.before_seq ORDER BY seq LIMIT r.max_rows)
        UNION ALL
        (SELECT * FROM messages WHERE r.backward AND conversation_id = r.conversation_id
            AND seq > r.after_seq AND seq < r.before_seq ORDER BY seq DESC LIMIT r.max_rows)) m
    ), shown AS MATERIALIZED (
      SELECT * FROM page UNION ALL SELECT 0, ${shownMessageColumns('t', 'c', '')} FROM page
        JOIN messages t ON t.conversation_id = page."conversationId" AND t.seq = page."replyToSeq"
        JOIN conversations c ON c.id = t.conversation_id)
    SELECT shown.*, who.people FROM shown FULL JOIN (
      SELECT ${peopleOf('SELECT "senderId" FROM shown UNION ALL SELECT "deletedById" FROM shown UNION ALL SELECT unnest("mentionIds") FROM shown')} AS people) who ON false`,
}

const readRevisions = {
  name: 'read_revisions',
  text: `SELECT k.place, h.revision, h.text, h.edited_at AS "editedAt"
    FROM ${tableOfParameters('uuid', 'int')} WITH ORDINALITY AS k(conversation_id, message_seq, place)
    JOIN message_revisions h USING (conversation_id, message_seq) ORDER BY k.place, h.revision`,
}

interface Placed {
  place: string
}

export function createMessageStore(db: Database): MessageStore {
  return {
    ...createMessageReaderStore(db),
    async byKeys(keys, payer) {
      const rows = await db.run<Omit<MessageAsOf, 'message'> & Record<string, unknown>>(
        readByKeys,
        [keys.map((key) => key.conversationId), keys.map((key) => key.seq)],
        payer,
      )
      return rows.flatMap((row) => {
        const message = pickMessage(row, 'm_')
        const { headEventSeq, headMark, historyBoundSeq } = row
        return message ? [{ message, headEventSeq, headMark, historyBoundSeq }] : []
      })
    },
    async pages(requests, payer) {
      const rows = await db.run<{ place: number; people: UserJson[] | null }>(
        readPages,
        [
          requests.map((request) => request.conversationId),
          requests.map((request) => request.afterSeq),
          requests.map((request) => request.beforeSeq),
          requests.map((request) => request.backward),
          requests.map((request) => request.limit),
        ],
        payer,
      )
      const pages: MessagePages = { messages: requests.map(() => []), repliedTo: [], people: [] }
      for (const row of rows) {
        const message = pickMessage(row, '')
        if (message) (pages.messages[row.place - 1] ?? pages.repliedTo).push(message)
        else pages.people = parsePeople(row.people)
      }
      // The rows usually come in this order, but a join does not promise it. Sorting here costs next to nothing.
      for (const [index, { backward }] of requests.entries()) {
        pages.messages[index]?.sort((a, b) => (backward ? b.seq - a.seq : a.seq - b.seq))
      }
      return pages
    },
    async revisions(keys, payer) {
      const rows = await db.run<Placed & RevisionRow>(
        readRevisions,
        [keys.map((key) => key.conversationId), keys.map((key) => key.seq)],
        payer,
      )
      const results: RevisionRow[][] = keys.map(() => [])
      for (const { place, ...row } of rows) results[Number(place) - 1]?.push(row)
      return results
    },
  }
}
