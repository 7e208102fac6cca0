// What Mattermost's format needs to know, from the same scopes as the records of Parley's own.
import { inScope, isDeleted, memberInScope, messageInScope, named, query, type Query } from './records.ts'
import type { Scope } from './scope.ts'

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`

export const channels = (scope: Scope): Query =>
  query(
    scope,
    `SELECT c.id, c.kind, c.title, ${ms('c.closed_at')} AS "archivedAtMs", CASE WHEN c.kind = 'DIRECT' THEN ARRAY(
         SELECT u.handle FROM unnest(string_to_array(c.pair_key, ':')::uuid[]) AS x(id) JOIN users u ON u.id = x.id ORDER BY u.handle)
       ELSE '{}' END AS members
       FROM conversations c WHERE ${inScope(scope)} ORDER BY c.id`,
  )

/** Everybody's memberships that hold, person by person. */
export const memberships = (scope: Scope): Query =>
  query(
    scope,
    `SELECT u.handle, u.display_name AS "displayName", ${ms('u.erased_at')} AS "erasedAtMs",
       coalesce((SELECT json_agg(json_build_object('id', c.id, 'role', e.role) ORDER BY c.id)
         FROM members e JOIN conversations c ON c.id = e.conversation_id
        WHERE e.user_id = u.id AND e.left_at IS NULL AND ${memberInScope(scope)}), '[]') AS conversations
       FROM users u ${scope.kind === 'all' ? '' : `WHERE u.id IN (${named(scope)})`} ORDER BY u.id`,
  )

/** The messages of a conversation, thread by thread: a reply to a reply is one to what began it. */
export function threads(scope: Scope, conversationId: string): Query {
  const { text, values } = query(scope, messageInScope(scope))
  const own = `$${values.length + 1}::uuid`
  return {
    text: `WITH RECURSIVE t(seq, root) AS (
        SELECT seq, seq FROM messages WHERE conversation_id = ${own} AND reply_to_seq IS NULL
        UNION ALL SELECT r.seq, t.root FROM t JOIN messages r ON r.conversation_id = ${own} AND r.reply_to_seq = t.seq)
      SELECT t.root, m.seq, u.handle AS "user", m.text, ${ms('m.created_at')} AS "sentAtMs",
        coalesce(${ms('m.edited_at')}, 0) AS "editedAtMs", ${isDeleted} AS deleted,
        EXISTS (SELECT FROM pins p WHERE p.conversation_id = m.conversation_id AND p.message_seq = m.seq) AS pinned,
        coalesce((SELECT json_agg(json_build_object('emoji', k.emoji, 'users', (SELECT json_agg(w.handle ORDER BY w.handle)
            FROM reactions r JOIN users w ON w.id = r.user_id WHERE r.conversation_id = k.conversation_id
             AND r.message_seq = k.message_seq AND r.kind = k.kind)) ORDER BY k.since_event_seq, k.kind)
          FROM reaction_kinds k WHERE k.conversation_id = m.conversation_id AND k.message_seq = m.seq AND k.count > 0), '[]') AS reactions,
        CASE WHEN m.attachment_count = 0 THEN '[]' ELSE coalesce((SELECT json_agg(json_build_object('id', a.id, 'fileName', a.file_name,
            'contentType', a.content_type, 'byteSize', a.byte_size, 'sha256', a.hash) ORDER BY a.place)
          FROM attachments a WHERE a.conversation_id = m.conversation_id AND a.message_seq = m.seq AND a.hash IS NOT NULL), '[]') END AS attachments
        FROM t JOIN messages m ON m.conversation_id = ${own} AND m.seq = t.seq JOIN conversations c ON c.id = m.conversation_id
        JOIN users u ON u.id = m.sender_id
       WHERE ${text} ORDER BY t.root, m.seq`,
    values: [...values, conversationId],
  }
}
