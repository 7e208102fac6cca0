import type { Database } from './database/database.ts'

export interface Ban {
  userId: string
  bannedById: string
  bannedAt: Date
}

export interface BanPlace {
  bannedAtMs: number
  userId: string
}

export interface BanStore {
  /** Whom a group bans, the newest ban first; null for who is not its owner or an admin. Rejects with UNAVAILABLE. */
  list(viewerId: string, conversationId: string, after: BanPlace | null, limit: number): Promise<Ban[] | null>
}

const readBans = {
  name: 'read_bans',
  text: `SELECT m.user_id IS NOT NULL AS may, b.user_id AS "userId", b.banned_by_id AS "bannedById", b.banned_at AS "bannedAt"
    FROM (SELECT $2::uuid AS id) c
    LEFT JOIN members m ON m.conversation_id = c.id AND m.user_id = $1 AND m.left_at IS NULL AND m.role <> 'MEMBER'
    LEFT JOIN LATERAL (SELECT * FROM bans WHERE conversation_id = m.conversation_id
        AND (banned_at, user_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $1))
      ORDER BY banned_at DESC, user_id DESC LIMIT $5) b ON true
    ORDER BY b.banned_at DESC, b.user_id DESC`,
}

export function createBanStore(db: Database): BanStore {
  return {
    async list(viewerId, conversationId, after, limit) {
      const values = [viewerId, conversationId, after && new Date(after.bannedAtMs), after?.userId ?? null, limit]
      const rows = await db.run<{ may: boolean; userId: string | null; bannedById: string; bannedAt: Date }>(
        readBans,
        values,
        viewerId,
      )
      if (!rows[0]?.may) return null
      return rows.flatMap(({ userId, bannedById, bannedAt }) =>
        userId === null ? [] : [{ userId, bannedById, bannedAt }],
      )
    },
  }
}
