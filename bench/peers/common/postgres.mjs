// Parley's tables through pg, for the peers without an ORM: one named statement for each operation, so that PostgreSQL
// parses and plans it once for each connection.
import pg from 'pg'
import { conversationId, messageId, userId } from './ids.mjs'
import { countsInline } from './settings.mjs'

const messageColumns = (m) =>
  `${m}.conversation_id AS "conversationUuid", ${m}.seq, ${m}.sender_id AS "senderUuid", ${m}.text, ${m}.revision,
  ${m}.created_at AS "createdAt", ${m}.edited_at AS "editedAt", ${m}.deleted_at AS "deletedAt"`
const senderColumns = (u) =>
  `${u}.handle AS "senderHandle", ${u}.display_name AS "senderDisplayName", ${u}.avatar_url AS "senderAvatarUrl"`
const conversationColumns = `c.id AS "uuid", c.kind, c.title, c.head_seq AS "headSeq", c.member_count AS "memberCount",
  c.last_activity_at AS "lastActivityAt", c.created_at AS "conversationCreatedAt"`
const memberColumns = `m.own_read_seq AS "lastReadSeq", m.muted_until AS "mutedUntil", m.archived, m.pinned`
const unreadByCall = `parley_unread(c.id, m.user_id, c.head_seq, m.own_read_seq, m.last_sent_seq) AS "unreadCount"`
const unreadInline = `CASE WHEN c.head_seq <= m.own_read_seq THEN 0 ELSE c.head_seq - m.own_read_seq
  - (SELECT count(*)::int FROM messages x WHERE x.conversation_id = c.id AND x.seq > m.own_read_seq AND x.deleted_at IS NOT NULL)
  - CASE WHEN m.last_sent_seq <= m.own_read_seq THEN 0 ELSE
    (SELECT count(*)::int FROM messages x WHERE x.conversation_id = c.id AND x.seq > m.own_read_seq AND x.seq <= m.last_sent_seq
      AND x.sender_id = m.user_id AND x.deleted_at IS NULL) END END AS "unreadCount"`
const unread = countsInline ? unreadInline : unreadByCall
const inboxOf = `FROM members m JOIN conversations c ON c.id = m.conversation_id
  WHERE m.user_id = $1 AND m.left_at IS NULL AND NOT m.archived
  ORDER BY m.pinned DESC, c.last_activity_at DESC, c.id DESC LIMIT $2`

const statements = {
  // One statement is one transaction. Its update locks the conversation's row and takes the message's number; the rest of
  // the statement uses that number.
  send_message: `WITH head AS (
      UPDATE conversations c SET head_seq = c.head_seq + 1,
          last_activity_at = greatest(c.last_activity_at, date_trunc('milliseconds', clock_timestamp()))
        FROM members m
       WHERE c.id = $1 AND c.closed_at IS NULL
         AND m.conversation_id = $1 AND m.user_id = $2 AND m.left_at IS NULL
      RETURNING c.head_seq AS seq, c.last_activity_at AS sent_at),
    message AS (
      INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at)
      SELECT $1, seq, $2, $3, $4, sent_at FROM head RETURNING *),
    progress AS (
      UPDATE members m SET last_read_seq = seq, own_read_seq = seq, last_delivered_seq = seq, last_sent_seq = seq
        FROM head WHERE m.conversation_id = $1 AND m.user_id = $2)
    SELECT ${messageColumns('message')}, ${senderColumns('u')} FROM message JOIN users u ON u.id = message.sender_id`,
  is_member: `SELECT FROM members WHERE conversation_id = $1 AND user_id = $2 AND left_at IS NULL`,
  conversation: `SELECT ${conversationColumns} FROM conversations c WHERE c.id = $1
    AND EXISTS (SELECT FROM members m WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.left_at IS NULL)`,
  // The newest messages with their senders.
  message_page: `SELECT ${messageColumns('m')}, ${senderColumns('u')}
    FROM (SELECT * FROM messages WHERE conversation_id = $1 ORDER BY seq DESC LIMIT $2) m
    JOIN users u ON u.id = m.sender_id ORDER BY m.seq`,
  inbox: `SELECT ${conversationColumns}, ${memberColumns}, ${unread} ${inboxOf}`,
  // The same with each newest message and its sender: a whole inbox in one statement.
  inbox_lateral: `SELECT page.*, last.* FROM (
      SELECT ${conversationColumns}, ${memberColumns}, ${unread} ${inboxOf}) page
    LEFT JOIN LATERAL (
      SELECT ${messageColumns('l')}, ${senderColumns('u')} FROM messages l JOIN users u ON u.id = l.sender_id
       WHERE l.conversation_id = page."uuid" AND l.seq = page."headSeq") last ON true
    ORDER BY page.pinned DESC, page."lastActivityAt" DESC, page."uuid" DESC`,
  messages_by_place: `SELECT ${messageColumns('m')}
    FROM unnest($1::uuid[], $2::int[]) AS place(conversation_id, seq) JOIN messages m USING (conversation_id, seq)`,
  users_by_id: `SELECT id AS "uuid", handle, display_name AS "displayName", avatar_url AS "avatarUrl"
    FROM users WHERE id = ANY ($1::uuid[])`,
}

/** A pool, and one function for each statement, which resolves to the rows. */
export function createStore({ databaseUrl, poolSize }) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: poolSize, idleTimeoutMillis: 0 })
  const run = async (name, ...values) => (await pool.query({ name, text: statements[name], values })).rows
  return {
    sendMessage: async (conversation, sender, { text, clientMessageId }) =>
      (await run('send_message', conversation, sender, text, clientMessageId))[0] ?? null,
    isMember: async (conversation, user) => (await run('is_member', conversation, user)).length > 0,
    conversation: async (conversation, user) => (await run('conversation', conversation, user))[0] ?? null,
    messagePage: (conversation, size) => run('message_page', conversation, size),
    inbox: (user, size) => run('inbox', user, size),
    inboxWithMessages: (user, size) => run('inbox_lateral', user, size),
    messagesByPlace: (places) =>
      run(
        'messages_by_place',
        places.map(({ conversationUuid }) => conversationUuid),
        places.map(({ seq }) => seq),
      ),
    usersById: (uuids) => run('users_by_id', uuids),
  }
}

// Rows in the shape of the schema, so that only relations need resolvers.

/** With its sender if the row has one. */
export function toMessage(row) {
  const { conversationUuid, seq, senderUuid, text, revision, createdAt, editedAt, deletedAt } = row
  const id = messageId(conversationUuid, seq)
  const message = { id, seq, senderUuid, text, revision, createdAt, editedAt, deletedAt }
  if (row.senderHandle !== undefined) {
    message.sender = {
      id: userId(senderUuid),
      handle: row.senderHandle,
      displayName: row.senderDisplayName,
      avatarUrl: row.senderAvatarUrl,
    }
  }
  return message
}

export const toUser = ({ uuid, ...user }) => ({ id: userId(uuid), ...user })

export const toConversation = ({ uuid, kind, title, headSeq, memberCount, lastActivityAt, conversationCreatedAt }) => ({
  id: conversationId(uuid),
  uuid,
  kind,
  title,
  headSeq,
  memberCount,
  lastActivityAt,
  createdAt: conversationCreatedAt,
})

export const toInboxEntry = (row) => ({
  conversation: toConversation(row),
  unreadCount: row.unreadCount,
  lastReadSeq: row.lastReadSeq,
  mutedUntil: row.mutedUntil,
  archived: row.archived,
  pinned: row.pinned,
})

/** The event in the form in which Redis carries it to every subscriber. */
export function toMessageSent(row) {
  const message = toMessage(row)
  return { __typename: 'MessageSent', message, occurredAt: message.createdAt }
}
