import { soleOf, tableOfParameters, type Database } from './database/database.ts'

export interface TypistKey {
  userId: string
  conversationId: string
}

/** A member of a conversation who reports to type there. */
export interface Typist {
  headEventSeq: number
  /** Members who have blocked them, or whom they have blocked: neither sees the other type. All, where it is a request to them. */
  hiddenFrom: string[]
}

/** Rejects with UNAVAILABLE when the database does not answer in time. */
export interface TypistStore {
  /** Null for who is no active member, and in a closed conversation. One statement. */
  typists(keys: readonly TypistKey[]): Promise<(Typist | null)[]>
}

const readTypists = {
  name: 'read_typists',
  text: `SELECT k.place::int, c.head_event_seq AS "headEventSeq", ARRAY(
      SELECT other.id::text FROM (
        SELECT b.blocker_id AS id FROM blocks b WHERE b.blocked_id = k.user_id
        UNION SELECT b.blocked_id FROM blocks b WHERE b.blocker_id = k.user_id
        UNION SELECT x.user_id FROM members x WHERE m.requested AND x.conversation_id = k.conversation_id) AS other
       WHERE EXISTS (SELECT FROM members o
         WHERE o.conversation_id = k.conversation_id AND o.user_id = other.id AND o.left_at IS NULL OFFSET 0)) AS "hiddenFrom"
    FROM ${tableOfParameters('uuid', 'uuid')} WITH ORDINALITY AS k(user_id, conversation_id, place)
    JOIN members m ON m.conversation_id = k.conversation_id AND m.user_id = k.user_id AND m.left_at IS NULL
    JOIN conversations c ON c.id = k.conversation_id AND c.closed_at IS NULL`,
}

export function createTypistStore(db: Database): TypistStore {
  return {
    async typists(keys) {
      const userIds = keys.map(({ userId }) => userId)
      const rows = await db.run<Typist & { place: number }>(
        readTypists,
        [userIds, keys.map(({ conversationId }) => conversationId)],
        soleOf(userIds),
      )
      const found = keys.map((): Typist | null => null)
      for (const { place, ...typist } of rows) found[place - 1] = typist
      return found
    },
  }
}
