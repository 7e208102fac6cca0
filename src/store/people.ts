import { arrayParameter, tableOfParameters, type Database } from './database/database.ts'
import {
  memberColumns,
  parsePeople,
  peopleOf,
  pickMember,
  userColumns,
  type Member,
  type User,
  type UserJson,
} from './rows.ts'

export interface MembersRequest {
  conversationId: string
  after: { joinedAtMs: number; userId: string } | null
  limit: number
}

/** Null leaves a setting as it is. */
export interface ContactSettings {
  readReceiptsEnabled: boolean | null
  directMessagesFrom: User['directMessagesFrom'] | null
  groupAdditionsFrom: User['groupAdditionsFrom'] | null
  requestsEnabled: boolean | null
}

export interface Trace {
  conversationId: string
  lastSentSeq: number
}

/**
 * People and their erasure. Every method rejects with UNAVAILABLE when the database does not answer in time. A step of an
 * erasure may have been done in that case, and may be repeated.
 */
export interface PeopleStore {
  /** The people who exist, in no order. */
  byIds(ids: readonly string[]): Promise<User[]>
  /** For each request its page of active members, in the order they joined, and their users. One statement for all. */
  members(requests: readonly MembersRequest[], payer?: string): Promise<{ members: Member[][]; people: User[] }>
  /** Null leaves a setting as it is. Changes nothing if there is no such person. */
  setSettings(userId: string, settings: ContactSettings): Promise<void>
  /** Removes the profile and the credentials. Returns the sessions that ended; null when there is no such person. */
  beginErasure(actorId: string, userId: string): Promise<string[] | null>
  /**
   * Up to `limit` conversations that the person is or was in and whose readers were not told of the erasure yet, with the
   * seq of their newest message. Former conversations count too: their events name the person, and clients cache the name.
   */
  tracesOf(userId: string, limit: number): Promise<Trace[]>
  /** Turns the person's messages after one seq and up to another into tombstones. */
  eraseMessages(actorId: string, trace: Trace, userId: string, afterSeq: number, upToSeq: number): Promise<void>
  /** Removes one batch of the person's reactions in a conversation. Returns how many: 0 when there are none. */
  eraseReactions(conversationId: string, userId: string, limit: number): Promise<number>
  /** Removes one batch of the keys and request hashes of the person's writes. Returns how many: 0 when there are none. */
  eraseKeys(userId: string, limit: number): Promise<number>
  /** Removes the personal stream and records that the erasure is finished. */
  finishErasure(userId: string): Promise<void>
  /** People whose erasure began and is not finished. */
  pendingErasures(): Promise<string[]>
}

const readByIds = {
  name: 'read_users',
  text: `SELECT ${userColumns('u', '')} FROM users u WHERE u.id = ANY (${arrayParameter('uuid')})`,
}

const readMembers = {
  name: 'read_members',
  text: `WITH rows AS MATERIALIZED (
      SELECT r.place, row_number() OVER (ORDER BY r.place, m.joined_at, m.user_id) AS nth, ${memberColumns('m', 'm_')}
      FROM ${tableOfParameters('uuid', 'timestamptz', 'uuid', 'int')}
        WITH ORDINALITY AS r(conversation_id, after_at, after_user, max_rows, place)
      CROSS JOIN LATERAL (
        SELECT * FROM members WHERE conversation_id = r.conversation_id AND left_at IS NULL
           AND (joined_at, user_id) > (coalesce(r.after_at, '-infinity'), coalesce(r.after_user, r.conversation_id))
         ORDER BY joined_at, user_id LIMIT r.max_rows) m)
    SELECT rows.*, CASE WHEN nth = 1 THEN ${peopleOf('SELECT "m_userId" FROM rows')} END AS people FROM rows ORDER BY nth`,
}

const setSettings = {
  name: 'set_settings',
  text: `UPDATE users SET read_receipts_enabled = coalesce($2, read_receipts_enabled),
      direct_messages_from = coalesce($3::contact_policy, direct_messages_from),
      group_additions_from = coalesce($4::contact_policy, group_additions_from),
      requests_enabled = coalesce($5, requests_enabled) WHERE id = $1`,
}

const beginErasure = {
  name: 'begin_erasure',
  text: 'SELECT known, session_ids AS "sessionIds" FROM parley_begin_erasure($1, $2)',
}

const readTraces = {
  name: 'read_traces',
  text: `SELECT m.conversation_id AS "conversationId", m.last_sent_seq AS "lastSentSeq"
    FROM members m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.user_id = $1 AND (m.erased_at IS NULL
      -- Somebody added them again while they were being erased.
      OR m.left_at IS NULL AND c.kind = 'GROUP') LIMIT $2`,
}

const eraseMessages = {
  name: 'erase_messages',
  text: 'SELECT parley_erase_messages($1, $2, $3, $4, $5)',
}

const eraseReactions = { name: 'erase_reactions', text: 'SELECT parley_erase_reactions($1, $2, $3) AS count' }

const eraseKeys = { name: 'erase_keys', text: 'SELECT parley_erase_keys($1, $2) AS count' }

const finishErasure = {
  name: 'finish_erasure',
  text: `WITH gone AS (DELETE FROM events WHERE stream_id = $1), keys AS (DELETE FROM retired_op_keys WHERE actor_id = $1)
    UPDATE users SET floor_event_seq = head_event_seq, erasure_finished_at = now() WHERE id = $1`,
}

const readPendingErasures = {
  name: 'read_pending_erasures',
  text: 'SELECT id FROM users WHERE erased_at IS NOT NULL AND erasure_finished_at IS NULL',
}

export function createPeopleStore(db: Database): PeopleStore {
  return {
    byIds: (ids) => db.run<User & Record<string, unknown>>(readByIds, [ids]),
    async members(requests, payer) {
      const rows = await db.run<{ place: string; people: UserJson[] | null }>(
        readMembers,
        [
          requests.map((request) => request.conversationId),
          requests.map((request) => (request.after ? new Date(request.after.joinedAtMs) : null)),
          requests.map((request) => request.after?.userId ?? null),
          requests.map((request) => request.limit),
        ],
        payer,
      )
      const members: Member[][] = requests.map(() => [])
      for (const row of rows) {
        const member = pickMember(row, 'm_')
        if (member) members[Number(row.place) - 1]?.push(member)
      }
      return { members, people: parsePeople(rows[0]?.people ?? null) }
    },
    async setSettings(userId, { readReceiptsEnabled, directMessagesFrom, groupAdditionsFrom, requestsEnabled }) {
      const values = [userId, readReceiptsEnabled, directMessagesFrom, groupAdditionsFrom, requestsEnabled]
      await db.run(setSettings, values, userId)
    },
    async beginErasure(actorId, userId) {
      const [row] = await db.run<{ known: boolean; sessionIds: string[] }>(beginErasure, [actorId, userId])
      return row?.known ? row.sessionIds : null
    },
    tracesOf: (userId, limit) => db.run<Trace & Record<string, unknown>>(readTraces, [userId, limit]),
    async eraseMessages(actorId, { conversationId }, userId, afterSeq, upToSeq) {
      await db.run(eraseMessages, [actorId, conversationId, userId, afterSeq, upToSeq])
    },
    eraseReactions: async (conversationId, userId, limit) =>
      (await db.run<{ count: number }>(eraseReactions, [conversationId, userId, limit]))[0]?.count ?? 0,
    eraseKeys: async (userId, limit) => (await db.run<{ count: number }>(eraseKeys, [userId, limit]))[0]?.count ?? 0,
    async finishErasure(userId) {
      await db.run(finishErasure, [userId])
    },
    pendingErasures: async () => (await db.run<{ id: string }>(readPendingErasures, [])).map(({ id }) => id),
  }
}
