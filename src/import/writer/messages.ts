// Puts messages into a conversation, in batches of one transaction each. In one that nobody sees yet they are history: seq
// follows their order, and no event tells of them. In one that people are in already each is an event, as every message is.
import { randomBytes, randomUUID } from 'node:crypto'
import { copied, type ImportDatabase } from './database.ts'
import { insertHanging } from './hanging.ts'
import type { MessageRow } from './rows.ts'

export const batchSize = 4000

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
  mentionIds: string[]
}

export interface Batch {
  conversationId: string
  /** Whether people see the conversation already. */
  isPublic: boolean
  rows: { row: MessageRow; senderId: string; attachmentCount: number }[]
  /** seq of what is answered, among what was written before. */
  seqOf: (key: string) => number | undefined
  personId: (key: string) => string | undefined
  /** Pins that the conversation can take yet. */
  pinsLeft: number
  /** The rows of files that go with these messages, within the same transaction. */
  attach: (numbered: readonly Numbered[]) => Promise<void>
}

/** Of most messages. */
const none: never[] = []
const newMark = () => randomBytes(6).toString('base64url')

/** Writes the batch after the head, and answers with the numbers that its messages got. */
export async function writeBatch(db: ImportDatabase, batch: Batch): Promise<Numbered[]> {
  // Of a conversation that nobody sees nobody can take away a row meanwhile, and people's rows stay for ever.
  const transaction = batch.isPublic ? db.transaction : db.trustedTransaction
  return transaction(async () => {
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
      const mentionIds =
        row.mentions.length === 0 ? none : [...new Set(row.mentions.flatMap((key) => batch.personId(key) ?? []))]
      return { row, seq, senderId, attachmentCount, mentionIds, replyToSeq: answered ?? null }
    })
    await insertMessages(db, batch, numbered)
    await batch.attach(numbered)
    await insertHanging(db, batch, numbered, head.headEventSeq - head.headSeq)
    if (batch.isPublic) await appendEvents(db, batch.conversationId, head, numbered)
    else
      await db.rows('UPDATE conversations SET head_seq = $2, head_event_seq = $2 WHERE id = $1', [
        batch.conversationId,
        head.headSeq + numbered.length,
      ])
    return numbered
  })
}

/** A time as a value of COPY. */
const copiedTime = (ms: number | null) => (ms === null ? '\\N' : new Date(ms).toISOString())

const columns = [
  ...['conversation_id', 'seq', 'sender_id', 'text', 'revision', 'client_message_id', 'reply_to_seq', 'created_at'],
  ...['edited_at', 'deleted_at', 'deleted_by_id', 'salt', 'attachment_count', 'mention_ids', 'mentions_everyone'],
]

/** The row of a message as COPY has it, in the order of the columns: there are millions, so each is one text at once. */
function lineOf(
  { conversationId, personId }: Pick<Batch, 'conversationId' | 'personId'>,
  { row, seq, senderId, replyToSeq, attachmentCount, mentionIds }: Numbered,
): string {
  const { text, own, clientMessageId, sentAtMs, editedAtMs, deleted } = row
  const sentAt = copiedTime(sentAtMs)
  const revision = own?.revision ?? (editedAtMs === null ? 1 : 2)
  const deletedAt = deleted ? copied(own?.deletedAt ?? sentAt) : '\\N'
  const deletedById = deleted ? copied(own ? (personId(own.deletedById ?? '') ?? null) : senderId) : '\\N'
  const mentioned = mentionIds.length === 0 ? '\\N' : `{${mentionIds.join(',')}}`
  const before = `${conversationId}\t${seq}\t${senderId}\t${copied(text)}\t${revision}\t${clientMessageId}\t${replyToSeq ?? '\\N'}\t${sentAt}`
  const after = `${copiedTime(editedAtMs)}\t${deletedAt}\t${deletedById}\t${deleted ? '\\N' : randomUUID()}\t${attachmentCount}`
  return `${before}\t${after}\t${mentioned}\t${row.mentionsEveryone}\n`
}

async function insertMessages(db: ImportDatabase, batch: Batch, numbered: readonly Numbered[]): Promise<void> {
  let lines = ''
  for (const item of numbered) lines += lineOf(batch, item)
  await db.copy('messages', columns, lines)
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
