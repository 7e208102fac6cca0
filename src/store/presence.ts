import { soleOf, tableOfParameters, type Database } from './database/database.ts'
import type { User } from './rows.ts'

/** What two people share: a DIRECT conversation, another one, or none. One of whom has blocked the other: none. A request shows nothing
 * of the person who has not answered it. */
export type Relation = 'DIRECT' | 'SHARED' | 'NONE'

export interface PersonPair {
  viewerId: string
  userId: string
}

/**
 * The part of presence that is in the database. Every method rejects with UNAVAILABLE when the database does not answer in
 * time.
 */
export interface PresenceStore {
  /** What the two people of each pair share now, in order. One statement. */
  relations(pairs: readonly PersonPair[]): Promise<Relation[]>
  /**
   * Stores when people were last seen, if that is later than the stored time and they are not invisible. Returns the people
   * who are done; for the others somebody else holds the row. Repeating it changes nothing.
   */
  saveLastSeen(moments: readonly { userId: string; atMs: number }[]): Promise<string[]>
  /** Null leaves a setting as it is. A person who becomes invisible was last seen at `leftAt`, if that is later. */
  setSharing(
    userId: string,
    settings: { presenceSharing: User['presenceSharing'] | null; invisible: boolean | null },
    leftAt: Date | null,
  ): Promise<void>
}

// Searched from the person of the pair who is in fewer conversations, one by one (OFFSET keeps the planner from joining all
// conversations of both): a person may be in thousands, and in one of a thousand pairs.
const readRelations = {
  name: 'read_relations',
  text: `WITH p AS MATERIALIZED (SELECT * FROM ${tableOfParameters('uuid', 'uuid', 'text')} WITH ORDINALITY
        AS p(viewer_id, user_id, pair_key, place)),
      counted AS MATERIALIZED (SELECT id, (SELECT count(*) FROM members WHERE user_id = id AND left_at IS NULL) AS count
        FROM (SELECT viewer_id FROM p UNION SELECT user_id FROM p) AS ids(id))
    SELECT CASE WHEN EXISTS (SELECT FROM blocks b WHERE b.blocker_id = p.viewer_id AND b.blocked_id = p.user_id)
        OR EXISTS (SELECT FROM blocks b WHERE b.blocker_id = p.user_id AND b.blocked_id = p.viewer_id) THEN 'NONE'
      WHEN EXISTS (SELECT FROM conversations c WHERE c.pair_key = p.pair_key AND NOT EXISTS (
        SELECT FROM members r WHERE r.conversation_id = c.id AND r.user_id = p.user_id AND r.requested)) THEN 'DIRECT'
      WHEN EXISTS (SELECT FROM members a
        WHERE a.user_id = CASE WHEN v.count < u.count THEN v.id ELSE u.id END AND a.left_at IS NULL AND NOT a.requested
          AND EXISTS (SELECT FROM members b WHERE b.conversation_id = a.conversation_id
            AND b.user_id = CASE WHEN v.count < u.count THEN u.id ELSE v.id END AND b.left_at IS NULL AND NOT b.requested OFFSET 0)) THEN 'SHARED'
      ELSE 'NONE' END AS relation
    FROM p JOIN counted v ON v.id = p.viewer_id JOIN counted u ON u.id = p.user_id ORDER BY p.place`,
}

// Other writers lock people's rows too, some of them many rows in another order. To avoid a deadlock this statement never
// waits for them; they may wait for it.
const saveLastSeen = {
  name: 'save_last_seen',
  text: `WITH seen AS (SELECT * FROM ${tableOfParameters('uuid', 'timestamptz')} AS s(id, at)),
      held AS MATERIALIZED (SELECT u.id FROM users u JOIN seen USING (id) FOR NO KEY UPDATE OF u SKIP LOCKED),
      written AS (UPDATE users u SET last_seen_at = seen.at FROM seen, held
        WHERE u.id = seen.id AND u.id = held.id AND NOT u.invisible AND u.erased_at IS NULL
          AND (u.last_seen_at IS NULL OR u.last_seen_at < seen.at))
    SELECT id AS "userId" FROM seen WHERE id IN (SELECT id FROM held) OR NOT EXISTS (SELECT FROM users WHERE id = seen.id)`,
}

const setSharing = {
  name: 'set_sharing',
  text: `UPDATE users SET presence_sharing = coalesce($2::presence_sharing, presence_sharing),
      invisible = coalesce($3, invisible),
      last_seen_at = CASE WHEN $3 AND NOT invisible THEN greatest(last_seen_at, $4) ELSE last_seen_at END WHERE id = $1`,
}

const pairKey = ({ viewerId, userId }: PersonPair) => [viewerId, userId].sort().join(':')

export function createPresenceStore(db: Database): PresenceStore {
  return {
    async relations(pairs) {
      const viewerIds = pairs.map(({ viewerId }) => viewerId)
      const rows = await db.run<{ relation: Relation }>(
        readRelations,
        [viewerIds, pairs.map(({ userId }) => userId), pairs.map(pairKey)],
        soleOf(viewerIds),
      )
      return rows.map(({ relation }) => relation)
    },
    async saveLastSeen(moments) {
      const rows = await db.run<{ userId: string }>(saveLastSeen, [
        moments.map(({ userId }) => userId),
        moments.map(({ atMs }) => new Date(atMs)),
      ])
      return rows.map(({ userId }) => userId)
    },
    async setSharing(userId, { presenceSharing, invisible }, leftAt) {
      await db.run(setSharing, [userId, presenceSharing, invisible, leftAt], userId)
    },
  }
}
