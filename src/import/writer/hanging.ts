// What hangs on messages: reactions, mentions by person, pins and former texts.
import type { ImportDatabase } from './database.ts'
import type { Batch, Numbered } from './messages.ts'

/** Within the transaction of the messages. Numbers of events are those that the messages would have had. */
export async function insertHanging(
  db: ImportDatabase,
  batch: Batch,
  numbered: readonly Numbered[],
  eventOffset: number,
): Promise<void> {
  await insertReactions(db, batch, numbered, eventOffset)
  await insertMentions(db, batch, numbered)
  await insertPins(db, batch, numbered, eventOffset)
  await insertRevisions(db, batch, numbered)
}

async function insertReactions(
  db: ImportDatabase,
  { conversationId, personId }: Batch,
  numbered: readonly Numbered[],
  eventOffset: number,
): Promise<void> {
  const kinds: { seq: number; kind: number; emoji: string; count: number }[] = []
  const people: { seq: number; kind: number; userId: string }[] = []
  for (const { row, seq } of numbered) {
    for (const [index, { emoji, by }] of row.reactions.entries()) {
      const ids = new Set(by.flatMap((key) => personId(key) ?? []))
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

async function insertMentions(
  db: ImportDatabase,
  { conversationId }: Batch,
  numbered: readonly Numbered[],
): Promise<void> {
  const mentions = numbered.flatMap(({ seq, senderId, mentionIds, row }) =>
    mentionIds.map((userId) => ({ seq, userId, counts: !row.mentionsEveryone && userId !== senderId })),
  )
  if (mentions.length === 0) return
  await db.rows(
    `INSERT INTO mentions (conversation_id, message_seq, user_id, counts)
     SELECT $1::uuid, n.seq, n.user_id, n.counts FROM unnest($2::int[], $3::uuid[], $4::boolean[]) AS n(seq, user_id, counts)`,
    [
      ...[conversationId, mentions.map(({ seq }) => seq), mentions.map(({ userId }) => userId)],
      mentions.map(({ counts }) => counts),
    ],
  )
}

async function insertPins(
  db: ImportDatabase,
  { conversationId, pinsLeft }: Batch,
  numbered: readonly Numbered[],
  eventOffset: number,
): Promise<void> {
  const pins = numbered.filter(({ row }) => row.pinnedAtMs !== null).slice(0, pinsLeft)
  if (pins.length === 0) return
  await db.rows(
    `INSERT INTO pins (conversation_id, message_seq, pinned_at, event_seq)
     SELECT $1::uuid, p.seq, p.pinned_at, p.seq + $4::int FROM unnest($2::int[], $3::timestamptz[]) AS p(seq, pinned_at)`,
    [
      ...[conversationId, pins.map(({ seq }) => seq)],
      ...[pins.map(({ row }) => new Date(row.pinnedAtMs ?? 0).toISOString()), eventOffset],
    ],
  )
}

async function insertRevisions(
  db: ImportDatabase,
  { conversationId }: Batch,
  numbered: readonly Numbered[],
): Promise<void> {
  const former = numbered.flatMap(({ seq, row }) => (row.own?.revisions ?? []).map((each) => ({ seq, ...each })))
  if (former.length === 0) return
  await db.rows(
    `INSERT INTO message_revisions (conversation_id, message_seq, revision, text, edited_at)
     SELECT $1::uuid, v.seq, v.revision, v.text, v.edited_at
       FROM unnest($2::int[], $3::int[], $4::text[], $5::timestamptz[]) AS v(seq, revision, text, edited_at)`,
    [
      ...[conversationId, former.map(({ seq }) => seq), former.map(({ revision }) => revision)],
      ...[former.map(({ text }) => text), former.map(({ editedAt }) => editedAt)],
    ],
  )
}
