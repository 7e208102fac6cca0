import type { Database } from './database.ts'
import { memberColumns, pickMember, userColumns, type Member, type User } from './rows.ts'

export interface MembersRequest {
  conversationId: string
  after: { joinedAtMs: number; userId: string } | null
  limit: number
}

export interface PeopleStore {
  byIds(ids: readonly string[]): Promise<User[]>
  /** For each request its page of active members, in the order they joined. One statement for all of them. */
  members(requests: readonly MembersRequest[]): Promise<Member[][]>
  setReadReceipts(userId: string, enabled: boolean): Promise<void>
}

const readByIds = {
  name: 'read_users',
  text: `SELECT ${userColumns('u', '')} FROM users u WHERE u.id = ANY ($1::uuid[])`,
}

const readMembers = {
  name: 'read_members',
  text: `SELECT r.place, ${memberColumns('m', 'm_')}
    FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::int[])
      WITH ORDINALITY AS r(conversation_id, after_at, after_user, max_rows, place)
    CROSS JOIN LATERAL (
      SELECT * FROM members WHERE conversation_id = r.conversation_id AND left_at IS NULL
         AND (r.after_at IS NULL OR (joined_at, user_id) > (r.after_at, r.after_user))
       ORDER BY joined_at, user_id LIMIT r.max_rows) m
    ORDER BY r.place, m.joined_at, m.user_id`,
}

const setReadReceipts = {
  name: 'set_read_receipts',
  text: 'UPDATE users SET read_receipts_enabled = $2 WHERE id = $1',
}

export function createPeopleStore(db: Database): PeopleStore {
  return {
    byIds: (ids) => db.run<User & Record<string, unknown>>(readByIds, [ids]),
    async members(requests) {
      const rows = await db.run<{ place: string }>(readMembers, [
        requests.map((request) => request.conversationId),
        requests.map((request) => (request.after ? new Date(request.after.joinedAtMs) : null)),
        requests.map((request) => request.after?.userId ?? null),
        requests.map((request) => request.limit),
      ])
      const results: Member[][] = requests.map(() => [])
      for (const row of rows) {
        const member = pickMember(row, 'm_')
        if (member) results[Number(row.place) - 1]?.push(member)
      }
      return results
    },
    async setReadReceipts(userId, enabled) {
      await db.run(setReadReceipts, [userId, enabled])
    },
  }
}
