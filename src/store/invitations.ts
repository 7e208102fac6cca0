import type { Database } from './database/database.ts'
import type { SuspensionTerms } from './sessions.ts'

export interface Invited {
  handle: string
  isUsed: boolean
  suspension: SuspensionTerms | null
}

/** One-time tokens for people without a password. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface InvitationStore {
  /** Null: there is none with this token, or it has expired. */
  find(tokenHash: Buffer): Promise<Invited | null>
  /** Gives its person the password, once. Nothing happens if it was used, has expired, or the person is suspended or has a password. */
  accept(tokenHash: Buffer, passwordHash: string, address: string): Promise<void>
  /** Removes some of those that expired before then. How many. */
  forget(before: Date, limit: number): Promise<number>
}

/**
 * Makes invitations for those of these people who cannot log in otherwise: $1 their ids, $2 hashes of tokens, $3 when they expire. A newer one
 * takes the place of an older one.
 */
export const makeInvitations = `WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::bytea[]) AS w(user_id, token_hash)),
    made AS (INSERT INTO invitations AS i (token_hash, user_id, expires_at) SELECT w.token_hash, u.id, $3::timestamptz
      FROM wanted w JOIN users u ON u.id = w.user_id WHERE u.erased_at IS NULL
        AND NOT EXISTS (SELECT FROM credentials c WHERE c.user_id = u.id) AND NOT EXISTS (SELECT FROM identities d WHERE d.user_id = u.id)
      ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = now(), expires_at = excluded.expires_at, used_at = NULL
      RETURNING i.user_id)
  SELECT u.id::text, u.handle, parley_audit('invitation.made', NULL, u.id, NULL, jsonb_build_object('until', $3::timestamptz)) AS audited
    FROM made m JOIN users u ON u.id = m.user_id`

const find = {
  name: 'find_invitation',
  goesWithWrites: true,
  text: `SELECT u.handle, i.used_at IS NOT NULL AS "isUsed",
      CASE WHEN parley_is_suspended(u.suspended_at, u.suspended_until)
        THEN jsonb_build_object('reason', u.suspended_reason, 'until', u.suspended_until) END AS suspension
    FROM invitations i JOIN users u ON u.id = i.user_id WHERE i.token_hash = $1 AND i.expires_at > now() AND u.erased_at IS NULL`,
}

const accept = {
  name: 'accept_invitation',
  isRepeatable: true,
  text: `WITH used AS (UPDATE invitations i SET used_at = now() FROM users u WHERE i.token_hash = $1 AND i.used_at IS NULL AND i.expires_at > now()
        AND u.id = i.user_id AND NOT parley_is_suspended(u.suspended_at, u.suspended_until) RETURNING i.user_id),
      set_password AS (INSERT INTO credentials (user_id, password_hash) SELECT user_id, $2 FROM used ON CONFLICT DO NOTHING RETURNING user_id)
    SELECT parley_audit('invitation.accepted', user_id, user_id, NULL, jsonb_build_object('address', $3::text)) FROM set_password`,
}

const forget = {
  name: 'forget_invitations',
  text: `DELETE FROM invitations WHERE token_hash = ANY (
    ARRAY(SELECT token_hash FROM invitations WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING token_hash`,
}

interface Found extends Record<string, unknown> {
  handle: string
  isUsed: boolean
  suspension: { reason: string | null; until: string | null } | null
}

export function createInvitationStore(db: Database): InvitationStore {
  return {
    async find(tokenHash) {
      const [row] = await db.run<Found>(find, [tokenHash])
      if (!row) return null
      const { suspension } = row
      const until = suspension?.until == null ? null : new Date(suspension.until)
      return { ...row, suspension: suspension && { reason: suspension.reason, until } }
    },
    async accept(tokenHash, passwordHash, address) {
      await db.run(accept, [tokenHash, passwordHash, address])
    },
    forget: async (before, limit) => (await db.run(forget, [before, limit])).length,
  }
}
