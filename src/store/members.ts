import { tableOfParameters, type Database } from './database/database.ts'
import { blockersAmong } from './blocks.ts'
import { isSilent } from './message-readers.ts'
import { sideSeq } from './support-sides.ts'
import { memberColumns, type Conversation, type Member } from './rows.ts'

export interface MemberKey {
  conversationId: string
  userId: string
}

/** One position of a member, as others see it. */
export interface Standing {
  userId: string
  seq: number
}

/** The two members of a conversation who are furthest behind. Two, so that one is left when the viewer is not counted. */
export interface LeastStandings {
  delivered: Standing[]
  read: Standing[]
}

export interface Muting {
  kind: Conversation['kind']
  /** Members who have muted the conversation. */
  userIds: string[]
  /** Members who have blocked the sender. */
  blockerIds: string[]
  /** Who has not answered whether they take it: it is a request. */
  requestedIds: string[]
}

/** By member the seq up to which messages are withheld from them; only those from whom some are. */
export type HistoryBounds = ReadonlyMap<string, number>

/** Reads of memberships. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface MemberStore {
  /** Memberships by their keys, also of those who have left. One statement. */
  byKeys(keys: readonly MemberKey[], payer?: string): Promise<Member[]>
  /** For each conversation. One statement. */
  leastStandings(conversationIds: readonly string[], payer?: string): Promise<LeastStandings[]>
  /** For each conversation and a sender in it; null when there is no such conversation. One statement. */
  mutings(keys: readonly MemberKey[], payer?: string): Promise<(Muting | null)[]>
  /** For each conversation. One statement. */
  historyBounds(conversationIds: readonly string[], payer?: string): Promise<HistoryBounds[]>
}

const readByKeys = {
  name: 'read_members_by_keys',
  text: `SELECT ${memberColumns('m', '')} FROM ${tableOfParameters('uuid', 'uuid')} AS k(conversation_id, user_id)
    JOIN members m USING (conversation_id, user_id)`,
}

const leastTwo = (position: string) => `(SELECT json_agg(json_build_object('userId', x.user_id, 'seq', x.${position}))
  FROM (SELECT user_id, ${position} FROM members WHERE conversation_id = t.id AND left_at IS NULL
    ORDER BY ${position} LIMIT 2) x)`

// In a support conversation all of the staff are one: it has the conversation's id here, which is no person's.
const leastOf = (
  position: 'last_delivered_seq' | 'last_read_seq',
) => `CASE WHEN s.conversation_id IS NULL THEN ${leastTwo(position)}
  ELSE json_build_array(
    json_build_object('userId', s.user_id, 'seq', ${sideSeq(position, 'USER')}),
    json_build_object('userId', s.conversation_id, 'seq', ${sideSeq(position, 'STAFF')})) END`

// For others, a member who has read receipts off has read nothing. Two such members are enough, whichever is left out. A
// scalar subquery: the planner turns other forms into a join through all users.
const readLeastStandings = {
  name: 'read_least_standings',
  text: `SELECT t.place::int, ${leastOf('last_delivered_seq')} AS delivered, ${leastOf('last_read_seq')} AS read,
      ARRAY(SELECT m.user_id::text FROM members m WHERE m.conversation_id = t.id AND m.left_at IS NULL
        AND (s.user_id IS NULL OR m.user_id = s.user_id) AND ${isSilent('m.user_id')} LIMIT 2) AS silent
    FROM ${tableOfParameters('uuid')} WITH ORDINALITY AS t(id, place)
    LEFT JOIN support_cases s ON s.conversation_id = t.id`,
}

const readMutings = {
  name: 'read_mutings',
  text: `SELECT k.place::int, c.kind, ARRAY(SELECT m.user_id::text FROM members m
      WHERE m.conversation_id = c.id AND m.left_at IS NULL AND m.muted_until > now()) AS "userIds",
      ${blockersAmong('c.id', 'k.user_id')} AS "blockerIds",
      ARRAY(SELECT m.user_id::text FROM members m WHERE m.conversation_id = c.id AND c.kind = 'DIRECT' AND m.requested) AS "requestedIds"
    FROM ${tableOfParameters('uuid', 'uuid')} WITH ORDINALITY AS k(conversation_id, user_id, place)
    JOIN conversations c ON c.id = k.conversation_id`,
}

const readHistoryBounds = {
  name: 'read_history_bounds',
  text: `SELECT t.place::int, ARRAY_AGG(m.user_id::text) AS "userIds", ARRAY_AGG(m.history_from_seq) AS seqs
    FROM ${tableOfParameters('uuid')} WITH ORDINALITY AS t(id, place)
    JOIN members m ON m.conversation_id = t.id AND m.history_from_seq > 0 AND m.left_at IS NULL GROUP BY t.place`,
}

interface LeastRow {
  place: number
  delivered: Standing[] | null
  read: Standing[] | null
  silent: string[]
}

/** The two who are furthest behind in reading, as others see them: members who have read receipts off come first, at 0. */
function shownRead(read: readonly Standing[], silent: readonly string[]): Standing[] {
  const telling = read.filter(({ userId }) => !silent.includes(userId))
  return [...silent.map((userId) => ({ userId, seq: 0 })), ...telling].slice(0, 2)
}

export function createMemberStore(db: Database): MemberStore {
  return {
    byKeys: (keys, payer) =>
      db.run<Member & Record<string, unknown>>(
        readByKeys,
        [keys.map((key) => key.conversationId), keys.map((key) => key.userId)],
        payer,
      ),
    async leastStandings(conversationIds, payer) {
      const rows = await db.run<LeastRow & Record<string, unknown>>(readLeastStandings, [conversationIds], payer)
      const least = conversationIds.map((): LeastStandings => ({ delivered: [], read: [] }))
      for (const { place, delivered, read, silent } of rows) {
        least[place - 1] = { delivered: delivered ?? [], read: shownRead(read ?? [], silent) }
      }
      return least
    },
    async mutings(keys, payer) {
      const rows = await db.run<Muting & { place: number }>(
        readMutings,
        [keys.map((key) => key.conversationId), keys.map((key) => key.userId)],
        payer,
      )
      const mutings = keys.map((): Muting | null => null)
      for (const { place, ...muting } of rows) mutings[place - 1] = muting
      return mutings
    },
    async historyBounds(conversationIds, payer) {
      const rows = await db.run<{ place: number; userIds: string[]; seqs: number[] }>(
        readHistoryBounds,
        [conversationIds],
        payer,
      )
      const bounds = conversationIds.map((): HistoryBounds => new Map())
      for (const { place, userIds, seqs } of rows) {
        bounds[place - 1] = new Map(userIds.map((userId, index) => [userId, seqs[index] ?? 0]))
      }
      return bounds
    },
  }
}
