import { soleOf, tableOfParameters, type Database } from './database/database.ts'
import type { MemberKey } from './members.ts'
import type { PersonPair } from './presence.ts'
import { userColumns, type User } from './rows.ts'

/** A place in the list of the people whom somebody has blocked. */
export interface BlockPlace {
  blockedAtMs: number
  userId: string
}

export type BlockedPerson = User & { blockedAt: Date }

/** Reads of blocks. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface BlockStore {
  /** Whom somebody has blocked, the newest block first. One statement. */
  blockedBy(blockerId: string, after: BlockPlace | null, limit: number): Promise<BlockedPerson[]>
  /** Whether the viewer of each pair has blocked its other person. One statement. */
  haveBlocked(pairs: readonly PersonPair[]): Promise<boolean[]>
  /** For each person in a conversation: its members who have blocked them. One statement. */
  blockersIn(keys: readonly MemberKey[], payer?: string): Promise<string[][]>
}

const readBlocked = {
  name: 'read_blocked',
  text: `SELECT ${userColumns('u', '')}, b.created_at AS "blockedAt"
    FROM (SELECT * FROM blocks WHERE blocker_id = $1
        AND (created_at, blocked_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $1))
      ORDER BY created_at DESC, blocked_id DESC LIMIT $4) b
    JOIN users u ON u.id = b.blocked_id ORDER BY b.created_at DESC, b.blocked_id DESC`,
}

const readHaveBlocked = {
  name: 'read_have_blocked',
  text: `SELECT EXISTS (SELECT FROM blocks b WHERE b.blocker_id = p.viewer_id AND b.blocked_id = p.user_id) AS blocked
    FROM ${tableOfParameters('uuid', 'uuid')} WITH ORDINALITY AS p(viewer_id, user_id, place) ORDER BY p.place`,
}

/** The members of a conversation who have blocked a person. Looked up from the blocks, of which most people have none. */
export const blockersAmong = (conversationId: string, userId: string) => `ARRAY(SELECT b.blocker_id::text FROM blocks b
  WHERE b.blocked_id = ${userId} AND EXISTS (SELECT FROM members m
    WHERE m.conversation_id = ${conversationId} AND m.user_id = b.blocker_id AND m.left_at IS NULL OFFSET 0))`

const readBlockersIn = {
  name: 'read_blockers_in',
  text: `SELECT ${blockersAmong('k.conversation_id', 'k.user_id')} AS "userIds"
    FROM ${tableOfParameters('uuid', 'uuid')} WITH ORDINALITY AS k(conversation_id, user_id, place) ORDER BY k.place`,
}

export function createBlockStore(db: Database): BlockStore {
  return {
    blockedBy: (blockerId, after, limit) =>
      db.run<BlockedPerson & Record<string, unknown>>(
        readBlocked,
        [blockerId, after && new Date(after.blockedAtMs), after?.userId ?? null, limit],
        blockerId,
      ),
    async haveBlocked(pairs) {
      const viewerIds = pairs.map(({ viewerId }) => viewerId)
      const userIds = pairs.map(({ userId }) => userId)
      const rows = await db.run<{ blocked: boolean }>(readHaveBlocked, [viewerIds, userIds], soleOf(viewerIds))
      return rows.map(({ blocked }) => blocked)
    },
    async blockersIn(keys, payer) {
      const rows = await db.run<{ userIds: string[] }>(
        readBlockersIn,
        [keys.map((key) => key.conversationId), keys.map((key) => key.userId)],
        payer,
      )
      return rows.map(({ userIds }) => userIds)
    },
  }
}
