// What only Parley's own export says of a conversation, put on top of what every import makes: in the transaction in which it
// appears.
import type { Afterwards, OwnConversation, OwnMember } from '../model.ts'
import type { ImportDatabase } from './database.ts'

type PersonId = (key: string) => string | undefined

/** Members that one statement writes. */
const membersAtOnce = 1000

export async function applyOwn(
  db: ImportDatabase,
  id: string,
  own: OwnConversation,
  personId: PersonId,
): Promise<void> {
  await db.rows(
    `UPDATE conversations SET edit_policy = $2::edit_policy, history_visibility = $3::history_visibility, member_permissions = $4::text[],
       last_activity_at = $5::timestamptz, closed_at = $6::timestamptz WHERE id = $1`,
    [id, own.editPolicy, own.historyVisibility, own.memberPermissions, own.lastActivityAt, own.closedAt],
  )
  const members = [...own.members]
  for (let from = 0; from < members.length; from += membersAtOnce)
    await applyMembers(db, id, members.slice(from, from + membersAtOnce), personId)
  await db.rows(
    `UPDATE conversations SET history_bound_seq = coalesce((SELECT max(history_from_seq) FROM members WHERE conversation_id = $1), 0) WHERE id = $1`,
    [id],
  )
  const userId = own.support === null ? undefined : personId(own.support.userId)
  if (own.kind !== 'SUPPORT' || userId === undefined) return
  await db.rows(`UPDATE conversations SET kind = 'SUPPORT' WHERE id = $1`, [id])
  await db.rows(
    `INSERT INTO support_cases (conversation_id, user_id, queue_at) SELECT id, $2, created_at FROM conversations WHERE id = $1`,
    [...[id, userId]],
  )
  // Its place in the queue follows from its messages.
  await db.rows('SELECT parley_support_sent(ARRAY[$1::uuid])', [id])
  await db.rows(
    'UPDATE support_cases SET status = $2::support_status, resolved_at = $3::timestamptz WHERE conversation_id = $1',
    [...[id, own.support?.status, own.support?.resolvedAt]],
  )
}

/** Positions are numbers of messages: no greater than there are, where the export had not all of them. */
async function applyMembers(
  db: ImportDatabase,
  id: string,
  members: readonly [string, OwnMember][],
  personId: PersonId,
): Promise<void> {
  const rows = members.flatMap(([key, { own, ...member }]) => {
    const userId = personId(key)
    return userId === undefined ? [] : [{ userId, ...member, ...own }]
  })
  await db.rows(
    `INSERT INTO members AS m (conversation_id, user_id, role, joined_at, joined_event_seq, left_at, last_read_seq, own_read_seq,
       last_delivered_seq, last_sent_seq, muted_until, archived, pinned, hidden, history_from_seq, cleared_seq, erased_at)
     SELECT c.id, r."userId", CASE WHEN c.kind = 'GROUP' THEN r.role ELSE 'MEMBER' END, r."joinedAt", c.head_event_seq, r."leftAt",
       least(coalesce(r."lastReadSeq", c.head_seq), c.head_seq), least(coalesce(r."ownReadSeq", c.head_seq), c.head_seq),
       least(coalesce(r."lastDeliveredSeq", c.head_seq), c.head_seq), coalesce(s.seq, 0), r."mutedUntil",
       coalesce(r.archived, false), coalesce(r.pinned, false), coalesce(r.hidden, false),
       least(coalesce(r."historyFromSeq", 0), c.head_seq), least(coalesce(r."clearedSeq", 0), c.head_seq), u.erased_at
       FROM conversations c CROSS JOIN jsonb_to_recordset($2::jsonb) AS r("userId" uuid, role member_role, "joinedAt" timestamptz,
         "leftAt" timestamptz, "lastReadSeq" int, "ownReadSeq" int, "lastDeliveredSeq" int, "mutedUntil" timestamptz, archived boolean,
         pinned boolean, hidden boolean, "historyFromSeq" int, "clearedSeq" int)
       JOIN users u ON u.id = r."userId"
       LEFT JOIN (SELECT sender_id, max(seq) AS seq FROM messages WHERE conversation_id = $1 GROUP BY sender_id) s ON s.sender_id = r."userId"
      WHERE c.id = $1
     ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at, left_at = excluded.left_at,
       last_read_seq = excluded.last_read_seq, own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
       last_sent_seq = excluded.last_sent_seq, muted_until = excluded.muted_until, archived = excluded.archived, pinned = excluded.pinned,
       hidden = excluded.hidden, history_from_seq = excluded.history_from_seq, cleared_seq = excluded.cleared_seq,
       erased_at = excluded.erased_at`,
    [id, JSON.stringify(rows)],
  )
}

/** Receipts of conversations that were imported, and blocks: a second time they are there already. */
export async function writeAfterwards(
  db: ImportDatabase,
  { receipts, blocks }: Afterwards,
  conversationId: (key: string) => string | undefined,
  personId: PersonId,
): Promise<void> {
  for await (const part of receipts()) {
    const rows = part.flatMap((receipt) => {
      const [conversation, user] = [conversationId(receipt.conversationId), personId(receipt.userId)]
      return conversation === undefined || user === undefined ? [] : [{ conversation, user, ...receipt }]
    })
    await db.rows(
      `INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at)
       SELECT r.conversation, r."user", r."upToSeq", r."readAt"
         FROM jsonb_to_recordset($1::jsonb) AS r(conversation uuid, "user" uuid, "upToSeq" int, "readAt" timestamptz)
         JOIN conversations c ON c.id = r.conversation AND r."upToSeq" <= c.head_seq ON CONFLICT DO NOTHING`,
      [JSON.stringify(rows)],
    )
  }
  for await (const part of blocks()) {
    const rows = part.flatMap(({ blockerId, blockedId, createdAt }) => {
      const [blocker, blocked] = [personId(blockerId), personId(blockedId)]
      return blocker === undefined || blocked === undefined ? [] : [{ blocker, blocked, createdAt }]
    })
    await db.rows(
      `INSERT INTO blocks (blocker_id, blocked_id, created_at)
       SELECT b.blocker, b.blocked, b."createdAt" FROM jsonb_to_recordset($1::jsonb) AS b(blocker uuid, blocked uuid, "createdAt" timestamptz)
       ON CONFLICT DO NOTHING`,
      [JSON.stringify(rows)],
    )
  }
}
