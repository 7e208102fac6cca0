// Puts messages into a conversation, in batches of one transaction each. In one that nobody sees yet they are history: seq
// follows their order, and no event tells of them. In one that people are in already each is an event, as every message is.
import { randomBytes } from 'node:crypto'
import type { ImportDatabase } from './database.ts'
import type { MessageRow } from './rows.ts'

export const batchSize = 2000

interface Head {
  headSeq: number
  headEventSeq: number
  headMark: string
}

export interface Numbered {
  row: MessageRow
  seq: number
  senderId: string
  replyToSeq: number | null
  attachmentCount: number
}

export interface Batch {
  conversationId: string
  /** Whether people see the conversation already. */
  isPublic: boolean
  rows: { row: MessageRow; senderId: string; attachmentCount: number }[]
  /** seq of what is answered, among what was written before. */
  seqOf: (key: string) => number | undefined
  reactorId: (key: string) => string | undefined
  /** The rows of files that go with these messages, within the same transaction. */
  attach: (numbered: readonly Numbered[]) => Promise<void>
}

const newMark = () => randomBytes(6).toString('base64url')

/** Writes the batch after the head, and answers with the numbers that its messages got. */
export async function writeBatch(db: ImportDatabase, batch: Batch): Promise<Numbered[]> {
  return db.transaction(async () => {
    const [head] = await db.rows<Head & Record<string, unknown>>(
      `SELECT head_seq AS "headSeq", head_event_seq AS "headEventSeq", head_mark AS "headMark"
         FROM conversations WHERE id = $1 FOR NO KEY UPDATE`,
      [batch.conversationId],
    )
    if (!head) throw new Error('the conversation is gone')
    const own = new Map<string, number>()
    const numbered = batch.rows.map(({ row, senderId, attachmentCount }, index): Numbered => {
      const seq = head.headSeq + index + 1
      const answered = row.replyTo === null ? undefined : (own.get(row.replyTo) ?? batch.seqOf(row.replyTo))
      if (!own.has(row.key)) own.set(row.key, seq)
      return { row, seq, senderId, attachmentCount, replyToSeq: answered ?? null }
    })
    await insertMessages(db, batch.conversationId, numbered)
    await batch.attach(numbered)
    await insertReactions(db, batch, numbered, head.headEventSeq - head.headSeq)
    if (batch.isPublic) await appendEvents(db, batch.conversationId, head, numbered)
    else
      await db.rows('UPDATE conversations SET head_seq = $2, head_event_seq = $2 WHERE id = $1', [
        batch.conversationId,
        head.headSeq + numbered.length,
      ])
    return numbered
  })
}

const column = <T>(numbered: readonly Numbered[], value: (item: Numbered) => T) => numbered.map(value)
const isoOrNull = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/** Columns as arrays: one statement of few parameters, however many rows. */
async function insertMessages(
  db: ImportDatabase,
  conversationId: string,
  numbered: readonly Numbered[],
): Promise<void> {
  await db.rows(
    `INSERT INTO messages (conversation_id, seq, sender_id, text, revision, client_message_id, reply_to_seq, created_at, edited_at,
       deleted_at, deleted_by_id, salt, attachment_count)
     SELECT $1::uuid, n.seq, n.sender_id, n.text, CASE WHEN n.edited_at IS NULL THEN 1 ELSE 2 END, n.client_message_id, n.reply_to_seq,
       n.created_at, n.edited_at, CASE WHEN n.is_deleted THEN n.created_at END, CASE WHEN n.is_deleted THEN n.sender_id END,
       CASE WHEN NOT n.is_deleted THEN gen_random_uuid() END, n.attachment_count
       FROM unnest($2::int[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::boolean[],
         $10::smallint[]) AS n(seq, sender_id, text, client_message_id, reply_to_seq, created_at, edited_at, is_deleted, attachment_count)`,
    [
      conversationId,
      column(numbered, ({ seq }) => seq),
      column(numbered, ({ senderId }) => senderId),
      column(numbered, ({ row }) => row.text),
      column(numbered, ({ row }) => row.clientMessageId),
      column(numbered, ({ replyToSeq }) => replyToSeq),
      column(numbered, ({ row }) => isoOrNull(row.sentAtMs)),
      column(numbered, ({ row }) => isoOrNull(row.editedAtMs)),
      column(numbered, ({ row }) => row.deleted),
      column(numbered, ({ attachmentCount }) => attachmentCount),
    ],
  )
}

async function insertReactions(
  db: ImportDatabase,
  { conversationId, reactorId }: Batch,
  numbered: readonly Numbered[],
  eventOffset: number,
): Promise<void> {
  const kinds: { seq: number; kind: number; emoji: string; count: number }[] = []
  const people: { seq: number; kind: number; userId: string }[] = []
  for (const { row, seq } of numbered) {
    for (const [index, { emoji, by }] of row.reactions.entries()) {
      const ids = new Set(by.flatMap((key) => reactorId(key) ?? []))
      if (ids.size > 0) kinds.push({ seq, kind: index + 1, emoji, count: ids.size })
      for (const userId of ids) people.push({ seq, kind: index + 1, userId })
    }
  }
  if (kinds.length === 0) return
  await db.rows(
    `INSERT INTO reaction_kinds (conversation_id, message_seq, kind, emoji, count, since_event_seq)
     SELECT $1::uuid, k.seq, k.kind, k.emoji, k.count, k.seq + $6::int
       FROM unnest($2::int[], $3::int[], $4::text[], $5::int[]) AS k(seq, kind, emoji, count)`,
    [
      ...[conversationId, kinds.map(({ seq }) => seq), kinds.map(({ kind }) => kind)],
      ...[kinds.map(({ emoji }) => emoji), kinds.map(({ count }) => count), eventOffset],
    ],
  )
  await db.rows(
    `INSERT INTO reactions (conversation_id, message_seq, user_id, kind, event_seq)
     SELECT $1::uuid, r.seq, r.user_id, r.kind, r.seq + $5::int FROM unnest($2::int[], $3::uuid[], $4::int[]) AS r(seq, user_id, kind)`,
    [
      ...[conversationId, people.map(({ seq }) => seq), people.map(({ userId }) => userId)],
      ...[people.map(({ kind }) => kind), eventOffset],
    ],
  )
}

/** What the log has of messages that people are to hear of: an event each, and the members' own positions as of any message. */
async function appendEvents(
  db: ImportDatabase,
  conversationId: string,
  head: Head,
  numbered: readonly Numbered[],
): Promise<void> {
  const marks = numbered.map(newMark)
  await db.rows(
    `INSERT INTO events (stream_id, seq, type, actor_id, message_seq, occurred_at, mark, mark_before, xid)
     SELECT $1::uuid, e.seq, 'MESSAGE_SENT', e.actor_id, e.message_seq, parley_now(), e.mark, e.mark_before, parley_xid()
       FROM unnest($2::int[], $3::uuid[], $4::int[], $5::text[], $6::text[]) AS e(seq, actor_id, message_seq, mark, mark_before)`,
    [
      conversationId,
      numbered.map((_, index) => head.headEventSeq + index + 1),
      numbered.map(({ senderId }) => senderId),
      numbered.map(({ seq }) => seq),
      marks,
      [head.headMark, ...marks.slice(0, -1)],
    ],
  )
  await db.rows(
    `UPDATE conversations SET head_seq = $2, head_event_seq = $3, head_mark = $4, head_xid = parley_xid(),
       last_activity_at = greatest(last_activity_at, $5::timestamptz) WHERE id = $1`,
    [
      ...[conversationId, head.headSeq + numbered.length, head.headEventSeq + numbered.length, marks.at(-1)],
      new Date(numbered.reduce((latest, { row }) => Math.max(latest, row.sentAtMs), 0)).toISOString(),
    ],
  )
  await db.rows(
    `UPDATE members m SET last_sent_seq = greatest(m.last_sent_seq, s.seq)
       FROM (SELECT sender_id, max(seq) AS seq FROM unnest($2::uuid[], $3::int[]) AS n(sender_id, seq) GROUP BY sender_id) s
      WHERE m.conversation_id = $1 AND m.user_id = s.sender_id`,
    [conversationId, numbered.map(({ senderId }) => senderId), numbered.map(({ seq }) => seq)],
  )
  await db.rows('SELECT parley_touch_activity(ARRAY[$1::uuid])', [conversationId])
}
