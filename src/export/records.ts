// The lines of an export, made by the database itself. Each query answers with one JSON text a row, in an order that does not
// depend on when something was written, so that two exports of the same state are the same.
import type { Scope } from './scope.ts'

export interface Query {
  text: string
  values: readonly unknown[]
}

const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** What is published, and not deleted; the staff's desk is no conversation. */
const isThere = `c.deleted_at IS NULL AND c.id <> parley_desk() AND NOT EXISTS (
  SELECT FROM imported_conversations i WHERE i.conversation_id = c.id AND i.published_at IS NULL)`

export const query = (scope: Scope, text: string): Query => ({ text, values: text.includes('$1') ? [scope.id] : [] })

/** Conversations of the scope, as a condition on the row c. A person's: also those that they left. */
export function inScope({ kind }: Scope): string {
  if (kind === 'all') return isThere
  if (kind === 'conversation') return `c.id = $1::uuid AND ${isThere}`
  return `${isThere} AND EXISTS (SELECT FROM members o WHERE o.conversation_id = c.id AND o.user_id = $1::uuid)`
}

/** Messages m of the scope. Of one person: what they wrote, and what they see where they are a member. */
export const messageInScope = (scope: Scope) =>
  scope.kind === 'user'
    ? `${inScope(scope)} AND (m.sender_id = $1::uuid OR EXISTS (SELECT FROM members o WHERE o.conversation_id = c.id
        AND o.user_id = $1::uuid AND o.left_at IS NULL AND m.seq > o.history_from_seq))`
    : inScope(scope)

/** Memberships e of the scope. Of one person: their own, and who else is where they are. */
export const memberInScope = (scope: Scope) =>
  scope.kind === 'user'
    ? `${inScope(scope)} AND (e.user_id = $1::uuid OR (e.left_at IS NULL AND EXISTS (SELECT FROM members o
        WHERE o.conversation_id = c.id AND o.user_id = $1::uuid AND o.left_at IS NULL)))`
    : inScope(scope)

/** The ids of everybody whom some line of the scope names. */
export function named(scope: Scope): string {
  const messages = `FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE ${messageInScope(scope)}`
  const own =
    scope.kind === 'user'
      ? `SELECT $1::uuid UNION SELECT blocked_id FROM blocks WHERE blocker_id = $1::uuid UNION `
      : ''
  return `${own}SELECT e.user_id FROM members e JOIN conversations c ON c.id = e.conversation_id WHERE ${memberInScope(scope)}
    UNION SELECT m.sender_id ${messages} UNION SELECT m.deleted_by_id ${messages}
    UNION SELECT r.user_id FROM reactions r JOIN messages m ON m.conversation_id = r.conversation_id AND m.seq = r.message_seq
      JOIN conversations c ON c.id = m.conversation_id WHERE ${messageInScope(scope)}
    UNION SELECT x.id FROM messages m JOIN conversations c ON c.id = m.conversation_id CROSS JOIN unnest(m.mention_ids) AS x(id)
      WHERE ${messageInScope(scope)}
    UNION SELECT k.user_id FROM support_cases k JOIN conversations c ON c.id = k.conversation_id WHERE ${inScope(scope)}`
}

/** Settings are their own affair: in one person's export nobody else's are. */
export function people(scope: Scope): Query {
  const settings = `json_build_object('role', u.role, 'readReceiptsEnabled', u.read_receipts_enabled, 'presenceSharing', u.presence_sharing, 'directMessagesFrom', u.direct_messages_from,
    'groupAdditionsFrom', u.group_additions_from, 'requestsEnabled', u.requests_enabled,
    'invisible', u.invisible, 'lastSeenAt', ${time('u.last_seen_at')})`
  const shown = { all: settings, conversation: 'NULL', user: `CASE WHEN u.id = $1::uuid THEN ${settings} END` }[
    scope.kind
  ]
  return query(
    scope,
    `SELECT json_build_object('type', 'person', 'id', u.id, 'handle', u.handle, 'displayName', u.display_name, 'avatarUrl', u.avatar_url,
       'createdAt', ${time('u.created_at')}, 'erasedAt', ${time('u.erased_at')}, 'settings', ${shown}) AS record
       FROM users u ${scope.kind === 'all' ? '' : `WHERE u.id IN (${named(scope)})`} ORDER BY u.id`,
  )
}

export const conversations = (scope: Scope): Query =>
  query(
    scope,
    `SELECT json_build_object('type', 'conversation', 'id', c.id, 'kind', c.kind, 'title', c.title, 'editPolicy', c.edit_policy,
       'historyVisibility', c.history_visibility, 'memberPermissions', to_json(c.member_permissions),
       'createdAt', ${time('c.created_at')}, 'lastActivityAt', ${time('c.last_activity_at')}, 'closedAt', ${time('c.closed_at')},
       'headSeq', c.head_seq, 'support', (SELECT json_build_object('userId', k.user_id, 'status', k.status,
         'resolvedAt', ${time('k.resolved_at')}) FROM support_cases k WHERE k.conversation_id = c.id)) AS record
       FROM conversations c WHERE ${inScope(scope)} ORDER BY c.id`,
  )

export function members(scope: Scope): Query {
  const own = `json_build_object('lastReadSeq', e.last_read_seq, 'ownReadSeq', e.own_read_seq, 'lastDeliveredSeq', e.last_delivered_seq,
    'mutedUntil', ${time('e.muted_until')}, 'archived', e.archived, 'pinned', e.pinned, 'hidden', e.hidden,
    'historyFromSeq', e.history_from_seq, 'clearedSeq', e.cleared_seq)`
  return query(
    scope,
    `SELECT json_build_object('type', 'member', 'conversationId', e.conversation_id, 'userId', e.user_id, 'role', e.role,
       'joinedAt', ${time('e.joined_at')}, 'leftAt', ${time('e.left_at')},
       'own', ${scope.kind === 'user' ? `CASE WHEN e.user_id = $1::uuid THEN ${own} END` : own}) AS record
       FROM members e JOIN conversations c ON c.id = e.conversation_id WHERE ${memberInScope(scope)}
      ORDER BY e.conversation_id, e.user_id`,
  )
}

/** The bytes of attachments go to files of this name. Nothing in it comes from outside. */
export const attachmentPath = (id: string, hash: string) => `attachments/${id.slice(-2)}/${id}.${hash.slice(0, 16)}`

/** Erasures and deletions that are under way count as done: their texts are not exported. */
export const isDeleted = '(m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq OR u.erased_at IS NOT NULL)'

export const messages = (scope: Scope): Query =>
  query(
    scope,
    `SELECT json_build_object('type', 'message', 'conversationId', m.conversation_id, 'seq', m.seq, 'senderId', m.sender_id,
       'text', CASE WHEN NOT ${isDeleted} THEN m.text END, 'replyToSeq', m.reply_to_seq, 'createdAt', ${time('m.created_at')},
       'revision', m.revision, 'editedAt', ${time('m.edited_at')},
       'deletedAt', CASE WHEN ${isDeleted} THEN ${time('coalesce(m.deleted_at, c.deleted_at, u.erased_at)')} END,
       'deletedById', m.deleted_by_id, 'mentionIds', CASE WHEN ${isDeleted} THEN '[]' ELSE to_json(coalesce(m.mention_ids, '{}')) END,
       'mentionsEveryone', m.mentions_everyone AND NOT ${isDeleted},
       'pinnedAt', (SELECT ${time('p.pinned_at')} FROM pins p
         WHERE p.conversation_id = m.conversation_id AND p.message_seq = m.seq AND NOT ${isDeleted}),
       'reactions', coalesce((SELECT json_agg(json_build_object('emoji', k.emoji, 'userIds', (SELECT json_agg(r.user_id ORDER BY r.user_id)
           FROM reactions r WHERE r.conversation_id = k.conversation_id AND r.message_seq = k.message_seq AND r.kind = k.kind))
           ORDER BY k.since_event_seq, k.kind)
         FROM reaction_kinds k WHERE k.conversation_id = m.conversation_id AND k.message_seq = m.seq AND k.count > 0
          AND NOT ${isDeleted}), '[]'),
       'attachments', CASE WHEN m.attachment_count = 0 OR ${isDeleted} THEN '[]' ELSE coalesce((SELECT json_agg(json_build_object('id', a.id,
           'fileName', a.file_name, 'contentType', a.content_type, 'byteSize', a.byte_size, 'sha256', a.hash, 'width', a.width,
           'height', a.height, 'blurHash', a.blur_hash) ORDER BY a.place)
         FROM attachments a WHERE a.conversation_id = m.conversation_id AND a.message_seq = m.seq AND a.hash IS NOT NULL), '[]') END,
       'revisions', CASE WHEN m.revision = 1 OR ${isDeleted}${scope.kind === 'user' ? ' OR m.sender_id <> $1::uuid' : ''} THEN '[]'
         ELSE coalesce((SELECT json_agg(json_build_object('revision', v.revision, 'text', v.text, 'editedAt', ${time('v.edited_at')})
           ORDER BY v.revision) FROM message_revisions v
          WHERE v.conversation_id = m.conversation_id AND v.message_seq = m.seq), '[]') END) AS record
       FROM messages m JOIN conversations c ON c.id = m.conversation_id JOIN users u ON u.id = m.sender_id
      WHERE ${messageInScope(scope)} ORDER BY m.conversation_id, m.seq`,
  )

export const receipts = (scope: Scope): Query =>
  query(
    scope,
    `SELECT json_build_object('type', 'receipt', 'conversationId', r.conversation_id, 'userId', r.user_id, 'upToSeq', r.up_to_seq,
       'readAt', ${time('r.read_at')}) AS record
       FROM receipts r JOIN conversations c ON c.id = r.conversation_id
      WHERE ${inScope(scope)}${scope.kind === 'user' ? ' AND r.user_id = $1::uuid' : ''}
      ORDER BY r.conversation_id, r.user_id, r.up_to_seq`,
  )

/** Who has blocked somebody is known to them alone. */
export const blocks = (scope: Scope): Query | null =>
  scope.kind === 'conversation'
    ? null
    : query(
        scope,
        `SELECT json_build_object('type', 'block', 'blockerId', b.blocker_id, 'blockedId', b.blocked_id,
           'createdAt', ${time('b.created_at')}) AS record
           FROM blocks b ${scope.kind === 'user' ? 'WHERE b.blocker_id = $1::uuid' : ''} ORDER BY b.blocker_id, b.created_at, b.blocked_id`,
      )

/** What there is of one person besides: nobody imports it, it is theirs to read. */
export const account = (scope: Scope): Query =>
  query(
    scope,
    `SELECT json_build_object(
       'hasPassword', EXISTS (SELECT FROM credentials WHERE user_id = $1::uuid),
       'sessions', coalesce((SELECT json_agg(json_build_object('createdAt', ${time('s.created_at')}, 'lastUsedAt', ${time('s.last_used_at')},
           'expiresAt', ${time('s.expires_at')}, 'revokedAt', ${time('s.revoked_at')}, 'userAgent', s.user_agent) ORDER BY s.created_at, s.id)
         FROM sessions s WHERE s.user_id = $1::uuid), '[]'),
       'uploadsWithoutMessage', coalesce((SELECT json_agg(json_build_object('id', a.id, 'fileName', a.file_name,
           'contentType', a.content_type, 'byteSize', a.byte_size, 'createdAt', ${time('a.created_at')}) ORDER BY a.created_at, a.id)
         FROM attachments a WHERE a.uploader_id = $1::uuid AND a.conversation_id IS NULL), '[]'),
       'reactions', coalesce((SELECT json_agg(json_build_object('conversationId', r.conversation_id, 'seq', r.message_seq, 'emoji', k.emoji)
           ORDER BY r.conversation_id, r.message_seq, k.kind)
         FROM reactions r JOIN reaction_kinds k USING (conversation_id, message_seq, kind) WHERE r.user_id = $1::uuid), '[]'),
       'mentionsOfMe', coalesce((SELECT json_agg(json_build_object('conversationId', n.conversation_id, 'seq', n.message_seq)
           ORDER BY n.conversation_id, n.message_seq) FROM mentions n WHERE n.user_id = $1::uuid), '[]'),
       'identities', coalesce((SELECT json_agg(json_build_object('issuer', d.issuer, 'subject', d.subject, 'createdAt', ${time('d.created_at')})
           ORDER BY d.issuer, d.subject) FROM identities d WHERE d.user_id = $1::uuid), '[]'),
       'suspension', (SELECT json_build_object('since', ${time('u.suspended_at')}, 'until', ${time('u.suspended_until')},
         'reason', u.suspended_reason) FROM users u WHERE u.id = $1::uuid AND u.suspended_at IS NOT NULL),
       'bans', coalesce((SELECT json_agg(json_build_object('conversationId', b.conversation_id, 'bannedAt', ${time('b.banned_at')})
           ORDER BY b.banned_at, b.conversation_id) FROM bans b WHERE b.user_id = $1::uuid), '[]'),
       'reports', coalesce((SELECT json_agg(json_build_object('createdAt', ${time('p.created_at')}, 'conversationId', p.conversation_id,
           'seq', p.message_seq, 'reason', p.reason, 'text', p.text, 'state', p.state, 'outcome', p.outcome) ORDER BY p.created_at, p.id)
         FROM reports p WHERE p.reporter_id = $1::uuid), '[]'),
       'importedFrom', coalesce((SELECT json_agg(DISTINCT i.source) FROM imported_people i WHERE i.user_id = $1::uuid), '[]')) AS account`,
  )
