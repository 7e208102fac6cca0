// A conversation while it is imported has no members, so nobody sees it; it appears, whole, with the last transaction.
import { v7 as newId } from 'uuid'
import type { ImportedConversation } from '../model.ts'
import type { ImportDatabase } from './database.ts'
import { hashedKey } from './keys.ts'
import { applyOwn } from './own.ts'

export interface Target {
  id: string
  /** People see it: it was imported before, or it is the one that two people have here already. */
  isPublic: boolean
  /** Deleted or closed here since: nothing more comes in. */
  isClosed: boolean
  /** It is the conversation that was exported, with the same numbers. */
  isOwn: boolean
}

const maxTitleLength = 100

const pairOf = (a: string, b: string) => [a, b].sort().join(':')

export const isPair = ({ kind }: Pick<ImportedConversation, 'kind'>, memberIds: readonly string[]) =>
  kind === 'DIRECT' && memberIds.length === 2

/** A group that had no title has none here either; notes to oneself are a group of one. */
export function titleOf({ kind, title }: Pick<ImportedConversation, 'kind' | 'title'>): string | null {
  const plain = (title ?? (kind === 'SELF' ? 'Notes to self' : '')).replace(/[\p{Cc}\p{Cf}]/gu, '').trim()
  return plain === '' ? null : Array.from(plain).slice(0, maxTitleLength).join('')
}

interface Found extends Record<string, unknown> {
  id: string
  isPublished: boolean
  isClosed: boolean
}

/** Finds the conversation of an earlier run or of an earlier import, or makes it. */
export async function targetOf(
  db: ImportDatabase,
  source: string,
  conversation: ImportedConversation,
  memberIds: readonly string[],
): Promise<Target> {
  const [one, other] = memberIds
  if (isPair(conversation, memberIds) && one !== undefined && other !== undefined) {
    const [pair] = await db.rows<Found>(
      `SELECT id, true AS "isPublished", closed_at IS NOT NULL AS "isClosed" FROM conversations WHERE pair_key = $1`,
      [pairOf(one, other)],
    )
    if (pair) return { id: pair.id, isPublic: true, isClosed: pair.isClosed, isOwn: pair.id === conversation.key }
  }
  const hash = hashedKey(source, 'conversation', conversation.key)
  const [found] = await db.rows<Found>(
    `SELECT c.id, i.published_at IS NOT NULL AS "isPublished", c.closed_at IS NOT NULL OR c.deleted_at IS NOT NULL AS "isClosed"
       FROM imported_conversations i JOIN conversations c ON c.id = i.conversation_id WHERE i.source = $1 AND i.key_hash = $2`,
    [source, hash],
  )
  if (found) return { id: found.id, isPublic: found.isPublished, isClosed: found.isClosed, isOwn: false }
  const same = await theSame(db, conversation)
  if (same) return same
  const id = await idFor(db, conversation)
  await db.transaction(async () => {
    // A group until it appears: a pair has one conversation, and that must not be one that nobody can see.
    await db.rows(
      `INSERT INTO conversations (id, kind, title, created_at, last_activity_at) VALUES ($1, 'GROUP', $2, $3, $3)`,
      [
        id,
        conversation.own ? conversation.title : titleOf(conversation),
        conversation.own?.createdAt ??
          new Date(Math.min(firstOf(conversation.messages)?.sentAtMs ?? Date.now(), Date.now())).toISOString(),
      ],
    )
    await db.rows('INSERT INTO imported_conversations (source, key_hash, conversation_id) VALUES ($1, $2, $3)', [
      ...[source, hash, id],
    ])
  })
  return { id, isPublic: false, isClosed: false, isOwn: false }
}

function firstOf<T>(records: Iterable<T>): T | undefined {
  for (const record of records) return record
  return undefined
}

/** An export of this very deployment: what it has of the conversation is here already. */
async function theSame(db: ImportDatabase, { key, own }: ImportedConversation): Promise<Target | null> {
  if (!own) return null
  const [found] = await db.rows<{ id: string; isClosed: boolean }>(
    `SELECT id, closed_at IS NOT NULL OR deleted_at IS NOT NULL AS "isClosed" FROM conversations c
      WHERE id = $1 AND created_at = $2::timestamptz
        AND NOT EXISTS (SELECT FROM imported_conversations WHERE conversation_id = c.id AND published_at IS NULL)`,
    [key, own.createdAt],
  )
  return found ? { id: found.id, isPublic: true, isClosed: found.isClosed, isOwn: true } : null
}

/** What Parley exported keeps its id, unless that is somebody else's here. */
async function idFor(db: ImportDatabase, { key, own }: ImportedConversation): Promise<string> {
  if (!own) return newId()
  const taken = await db.rows('SELECT 1 FROM conversations WHERE id = $1', [key])
  return taken.length > 0 ? newId() : key
}

export interface Publishing {
  conversationId: string
  conversation: ImportedConversation
  memberIds: readonly string[]
  ownerId: string | null
  personId: (key: string) => string | undefined
}

/**
 * Lets the members see it, with one event each on their own streams. The numbers that its messages would have had in the log are
 * below its floor, as if retention had removed them: readers begin behind it.
 */
export async function publish(
  db: ImportDatabase,
  { conversationId, conversation, memberIds, ownerId, personId }: Publishing,
): Promise<void> {
  const [one, other] = memberIds
  await db.transaction(async () => {
    await db.rows(
      `UPDATE conversations c SET floor_event_seq = head_event_seq, head_mark = m.mark, floor_mark = m.mark, head_xid = m.xid,
         floor_xid = m.xid, member_count = $2, last_activity_at = least(now(), coalesce(
           (SELECT max(created_at) FROM messages WHERE conversation_id = c.id), c.created_at))
         FROM (SELECT CASE WHEN head_event_seq = 0 THEN '0' ELSE parley_mark() END AS mark, parley_xid() AS xid
           FROM conversations WHERE id = $1) m
        WHERE c.id = $1`,
      [conversationId, memberIds.length],
    )
    if (isPair(conversation, memberIds) && one !== undefined && other !== undefined)
      await db.rows(`UPDATE conversations SET kind = 'DIRECT', title = NULL, pair_key = $2 WHERE id = $1`, [
        ...[conversationId, pairOf(one, other)],
      ])
    // What was read there is read here: nobody finds years of unread messages.
    await db.rows(
      `INSERT INTO members (conversation_id, user_id, role, joined_at, joined_event_seq, last_read_seq, own_read_seq, last_delivered_seq,
         last_sent_seq)
       SELECT c.id, u.id, CASE WHEN u.id = $3::uuid AND c.kind = 'GROUP' THEN 'OWNER' ELSE 'MEMBER' END::member_role, c.created_at,
         c.head_event_seq, c.head_seq, c.head_seq, c.head_seq, coalesce(s.seq, 0)
         FROM conversations c CROSS JOIN unnest($2::uuid[]) AS u(id)
         LEFT JOIN (SELECT sender_id, max(seq) AS seq FROM messages WHERE conversation_id = $1 GROUP BY sender_id) s ON s.sender_id = u.id
        WHERE c.id = $1`,
      [conversationId, memberIds, ownerId],
    )
    if (conversation.own) await applyOwn(db, conversationId, conversation.own, personId)
    await db.rows('SELECT parley_touch_activity(ARRAY[$1::uuid])', [conversationId])
    await db.rows(
      `SELECT count(parley_inbox_events($2::uuid[], $1::uuid, NULL, jsonb_build_object('joinedEventSeq', head_event_seq)))
         FROM conversations WHERE id = $1`,
      [conversationId, memberIds],
    )
    await db.rows('UPDATE imported_conversations SET published_at = now() WHERE conversation_id = $1', [conversationId])
    await indexFrom(db, conversationId)
  })
}

/** People who have come to it since the last import. Who left it here stays out. */
export async function addMembers(
  db: ImportDatabase,
  conversationId: string,
  memberIds: readonly string[],
): Promise<void> {
  await db.transaction(async () => {
    const [head] = await db.rows<{ headSeq: number; headEventSeq: number }>(
      `SELECT head_seq AS "headSeq", head_event_seq AS "headEventSeq" FROM conversations WHERE id = $1 AND kind = 'GROUP'
          FOR NO KEY UPDATE`,
      [conversationId],
    )
    if (!head) return
    const added = await db.rows<{ id: string }>(
      `INSERT INTO members (conversation_id, user_id, joined_at, joined_event_seq, last_read_seq, own_read_seq, last_delivered_seq)
       SELECT $1::uuid, u.id, parley_now(), $3::int, $4::int, $4::int, $4::int FROM unnest($2::uuid[]) AS u(id)
       ON CONFLICT DO NOTHING RETURNING user_id AS id`,
      [conversationId, memberIds, head.headEventSeq, head.headSeq],
    )
    if (added.length === 0) return
    for (const { id } of added)
      await db.rows(
        `SELECT parley_conversation_event($1, 'MEMBER_JOINED', $2, jsonb_build_object('userId', $2::uuid))`,
        [...[conversationId, id]],
      )
    await db.rows('UPDATE conversations SET member_count = member_count + $2 WHERE id = $1', [
      conversationId,
      added.length,
    ])
    await db.rows('SELECT parley_touch_activity(ARRAY[$1::uuid])', [conversationId])
    await db.rows(
      `SELECT count(parley_inbox_events($2::uuid[], $1::uuid, NULL, jsonb_build_object('joinedEventSeq', $3::int)))`,
      [conversationId, added.map(({ id }) => id), head.headEventSeq],
    )
  })
}

/** The search follows the log, which does not tell of these messages: it goes through those after this key again. */
async function indexFrom(db: ImportDatabase, conversationId: string): Promise<void> {
  await db.rows(
    `UPDATE search_position SET version = version + 1, backfill_seq = CASE WHEN backfill_id < $1::uuid THEN backfill_seq ELSE 0 END,
       backfill_id = least(coalesce(backfill_id, $1::uuid), $1::uuid)`,
    [conversationId],
  )
}
