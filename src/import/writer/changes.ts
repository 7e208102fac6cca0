// What a later export of the same source has of messages that are here already: edits, deletions and reactions since. People see
// the conversation, so each is an event, as if it had happened now. What was done here stays: a deleted message is not brought back,
// and a text that was changed here later is not changed.
import type { ImportDatabase } from './database.ts'
import type { MessageRow } from './rows.ts'

export interface Present {
  row: MessageRow
  seq: number
}

interface Known {
  personId: (key: string) => string | undefined
  lose: (key: string, what: string) => void
}

interface Stored extends Record<string, unknown> {
  seq: number
  senderId: string
  text: string | null
  createdAtMs: number
  editedAtMs: number | null
  deleted: boolean
  /** A person and an emoji each. */
  reactions: string[]
}

export async function applyChanges(
  db: ImportDatabase,
  conversationId: string,
  present: readonly Present[],
  known: Known,
): Promise<number> {
  const stored = await db.rows<Stored>(
    `SELECT m.seq, m.sender_id AS "senderId", m.text, m.deleted_at IS NOT NULL AS deleted,
       (extract(epoch FROM m.created_at) * 1000)::float8 AS "createdAtMs", (extract(epoch FROM m.edited_at) * 1000)::float8 AS "editedAtMs",
       ARRAY(SELECT r.user_id || ' ' || k.emoji FROM reactions r JOIN reaction_kinds k USING (conversation_id, message_seq, kind)
         WHERE r.conversation_id = m.conversation_id AND r.message_seq = m.seq) AS reactions
       FROM unnest($2::int[]) AS s(seq) JOIN messages m ON m.conversation_id = $1 AND m.seq = s.seq`,
    [conversationId, present.map(({ seq }) => seq)],
  )
  const bySeq = new Map(stored.map((row) => [row.seq, row]))
  let changed = 0
  for (const { row, seq } of present) {
    const now = bySeq.get(seq)
    if (!now || now.deleted) continue
    if (row.deleted) await change(db, conversationId, now, 'MESSAGE_DELETED', null)
    else if (isNewer(row, now)) await change(db, conversationId, now, 'MESSAGE_EDITED', row)
    else if (!(await react(db, conversationId, { row, seq }, now, known))) continue
    changed += 1
  }
  return changed
}

function isNewer({ text, editedAtMs, sentAtMs }: MessageRow, now: Stored): boolean {
  if (editedAtMs === null || text === null || text === now.text) return false
  // Where the source does not say when, the time of an edit is that of the message.
  if (editedAtMs === sentAtMs) return now.editedAtMs === null || now.editedAtMs === now.createdAtMs
  return editedAtMs > (now.editedAtMs ?? 0)
}

async function change(
  db: ImportDatabase,
  conversationId: string,
  { seq, senderId }: Stored,
  type: 'MESSAGE_EDITED' | 'MESSAGE_DELETED',
  row: MessageRow | null,
): Promise<void> {
  await db.transaction(async () => {
    const [head] = await db.rows<{ seq: number; mark: string }>(
      'SELECT head_event_seq AS seq, head_mark AS mark FROM conversations WHERE id = $1 FOR NO KEY UPDATE',
      [conversationId],
    )
    if (!head) throw new Error('the conversation is gone')
    const what = [conversationId, seq]
    if (row) {
      await db.rows(
        `INSERT INTO message_revisions (conversation_id, message_seq, revision, text, edited_at)
         SELECT conversation_id, seq, revision, coalesce(text, ''), coalesce(edited_at, created_at) FROM messages
          WHERE conversation_id = $1 AND seq = $2`,
        what,
      )
      await db.rows(
        `UPDATE messages SET text = $3, revision = revision + 1, edited_at = $4::timestamptz WHERE conversation_id = $1 AND seq = $2`,
        [...what, row.text, new Date(row.editedAtMs ?? row.sentAtMs).toISOString()],
      )
    } else {
      await db.rows(
        `UPDATE messages SET text = NULL, salt = NULL, deleted_at = parley_now(), deleted_by_id = sender_id, mention_ids = NULL,
           mentions_everyone = false, attachment_count = 0 WHERE conversation_id = $1 AND seq = $2`,
        what,
      )
      await db.rows('SELECT parley_clear_messages($1, ARRAY[$2::int])', what)
    }
    const [mark] = await db.rows<{ mark: string }>(
      `UPDATE conversations SET head_event_seq = head_event_seq + 1, head_mark = parley_mark(), head_xid = parley_xid() WHERE id = $1
       RETURNING head_mark AS mark`,
      [conversationId],
    )
    await db.rows(
      `SELECT parley_event($1, $2, $3::event_type, $4, NULL, NULL, $5, NULL, parley_now(), NULL, $6, $7, parley_xid())`,
      [conversationId, head.seq + 1, type, senderId, seq, mark?.mark, head.mark],
    )
  })
}

/** Reactions that the source has and are not here. Whether one was taken back here or never came cannot be told: it comes. */
async function react(
  db: ImportDatabase,
  conversationId: string,
  { row, seq }: Present,
  now: Stored,
  { personId, lose }: Known,
): Promise<boolean> {
  const here = new Set(now.reactions)
  let isChanged = false
  for (const { emoji, by } of row.reactions)
    for (const key of by) {
      const id = personId(key)
      if (id === undefined || here.has(`${id} ${emoji}`)) continue
      const [done] = await db.rows<{ outcome: string }>(
        `SELECT parley_toggle_reaction($1, $2, $3, NULL, NULL, $4, true)->>'outcome' AS outcome`,
        [id, conversationId, seq, emoji],
      )
      if (done?.outcome === 'ACCEPTED') isChanged = true
      else
        lose(
          row.key,
          `a new reaction ${emoji}: ${done?.outcome === 'NOT_FOUND' ? 'who reacts is no member' : 'it is refused'}`,
        )
    }
  return isChanged
}
