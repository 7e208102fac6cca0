import { arrayParameter, type Database } from './database/database.ts'
import type { SearchName } from './search-names.ts'

export interface NewUser {
  id: string
  handle: string
  displayName: string
  searchName: SearchName
  passwordHash: string
}

export interface CredentialRow {
  userId: string
  passwordHash: string
}

/** Why, and until when, nobody can be logged in as somebody; no end: until it is taken back. */
export interface SuspensionTerms {
  reason: string | null
  until: Date | null
}

export interface SessionRow {
  sessionId: string
  userId: string
  role: 'USER' | 'STAFF' | 'ADMIN'
  /** When the newest token ends that names the session; null where Parley itself has signed it in. */
  endsAt: Date | null
}

/** As it is found among those in use. */
export interface FoundSession extends SessionRow {
  /** Its tokens have ended, and nobody has ended the session. */
  isExpired: boolean
}

export interface NewToken {
  hash: Buffer
  expiresAt: Date
}

/** A live session as its person sees it. */
export interface OwnSession {
  sessionId: string
  userAgent: string | null
  createdAt: Date
  lastUsedAt: Date
}

/** The outcome of showing a refresh token. */
export type Rotation =
  | { outcome: 'ROTATED'; sessionId: string; userId: string }
  /**
   * Exchanged a moment ago. With the values that its successor was made of, so that the same successor can be returned
   * again.
   */
  | { outcome: 'REPEATED'; sessionId: string; userId: string; successor: NewToken; nonce: Buffer }
  /** Exchanged before. Its session is now revoked. */
  | { outcome: 'REUSED'; sessionId: string; userId: string }
  | { outcome: 'UNKNOWN' }

/**
 * Users with their credentials, sessions and refresh tokens. Every method rejects with UNAVAILABLE when the database does
 * not answer in time; whether a write was done is unknown then.
 */
export interface SessionStore {
  /** False when the handle is taken, or looks like one that is. */
  createUser(user: NewUser): Promise<boolean>
  /** Null when nobody has this handle. */
  credential(handle: string): Promise<(CredentialRow & { suspension: SuspensionTerms | null }) | null>
  /**
   * Null when this is no longer the password: it was changed meanwhile, or the person was erased or suspended. The login is
   * in the audit log, with the address of who logged in. If the person has more
   * than `most` live sessions, the sessions whose tokens were not exchanged for longest end.
   */
  createSession(
    sessionId: string,
    credential: CredentialRow,
    token: NewToken,
    most: number,
    userAgent: string | null,
    address: string,
  ): Promise<{ ended: string[] } | null>
  /**
   * Exchanges a refresh token for the next one of its session, in one statement. The token before the newest may be used
   * again within `repeatWindowMs`.
   */
  rotate(oldHash: Buffer, next: NewToken & { nonce: Buffer }, repeatWindowMs: number): Promise<Rotation>
  /** Changes nothing if the session is over already. */
  revoke(sessionId: string): Promise<void>
  /** The person's live sessions, the one used last first. */
  liveOf(userId: string): Promise<OwnSession[]>
  /** Ends a session of this person, if it is not over. False when they never had it, or it is forgotten. */
  revokeOf(userId: string, sessionId: string): Promise<boolean>
  /** Stores that these sessions were used now. Passes over those that somebody else holds. */
  noteUsed(sessionIds: readonly string[]): Promise<void>
  /** Null when there is no such person, or they were erased. */
  passwordHashOf(userId: string): Promise<string | null>
  /** Sets the password and ends all sessions but one. Returns the sessions that ended. */
  changePassword(userId: string, passwordHash: string, keptSessionId: string): Promise<string[]>
  /** The live ones of these sessions, neither revoked nor expired; and those that only tokens of outside could prolong. */
  live(sessionIds: readonly string[]): Promise<FoundSession[]>
  /** Removes some of the sessions that ended or expired before then, with their tokens. How many. */
  forgetSessions(before: Date, limit: number): Promise<number>
  /** Removes some of the refresh tokens that expired before then. How many. */
  forgetTokens(before: Date, limit: number): Promise<number>
}

const createUser = {
  name: 'create_user',
  text: `WITH person AS (
      INSERT INTO users (id, handle, handle_skeleton, display_name, search_name, search_name_rule)
      VALUES ($1, $2, parley_handle_skeleton($2), $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO credentials (user_id, password_hash) SELECT id, $6 FROM person RETURNING user_id`,
}

const readCredential = {
  name: 'read_credential',
  goesWithWrites: true,
  text: `SELECT c.user_id AS "userId", c.password_hash AS "passwordHash",
      CASE WHEN parley_is_suspended(u.suspended_at, u.suspended_until)
        THEN jsonb_build_object('reason', u.suspended_reason, 'until', u.suspended_until) END AS suspension
    FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.handle = $1`,
}

const createSession = {
  name: 'create_session',
  // A suspension changes the person's row, so it waits for this, or this sees it.
  text: `WITH c AS (SELECT x.user_id FROM credentials x JOIN users u ON u.id = x.user_id WHERE x.user_id = $2 AND x.password_hash = $5
        AND NOT parley_is_suspended(u.suspended_at, u.suspended_until) FOR SHARE),
      s AS (INSERT INTO sessions (id, user_id, expires_at, user_agent) SELECT $1, user_id, $4, $7 FROM c RETURNING id),
      t AS (INSERT INTO refresh_tokens (hash, session_id, expires_at) SELECT $3, id, $4 FROM s),
      over AS (UPDATE sessions SET revoked_at = now() WHERE id = ANY (ARRAY(SELECT x.id FROM sessions x
          WHERE x.user_id = $2 AND x.revoked_at IS NULL AND x.expires_at > now()
          ORDER BY x.expires_at DESC OFFSET $6::int - 1)) AND EXISTS (SELECT FROM s) RETURNING id)
    SELECT id, ARRAY(SELECT over.id::text FROM over) AS ended,
      parley_audit('session.opened', $2, $2, NULL, jsonb_build_object('address', $8::text)) AS audited FROM s`,
}

/** Days for which a session of tokens from outside stays revoked: longer than an issuer goes on with one. */
const revokedDays = 400

// Each batch is found by an index. Locked rows are skipped.
const forgetSessions = {
  name: 'forget_sessions',
  text: `DELETE FROM sessions WHERE id = ANY (
    ARRAY(SELECT id FROM sessions WHERE revoked_at < $1 AND outside_key IS NULL ORDER BY revoked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    || ARRAY(SELECT id FROM sessions WHERE expires_at < $1 AND (outside_key IS NULL OR revoked_at IS NULL)
      ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    || ARRAY(SELECT id FROM sessions WHERE revoked_at < $1::timestamptz - interval '${String(revokedDays)} days'
      ORDER BY revoked_at LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING id`,
}

const forgetTokens = {
  name: 'forget_tokens',
  text: `DELETE FROM refresh_tokens WHERE hash = ANY (ARRAY(
    SELECT hash FROM refresh_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING session_id`,
}

const rotateToken = {
  name: 'rotate_token',
  text: `SELECT outcome, session_id AS "sessionId", user_id AS "userId", successor_hash AS "successorHash",
      successor_nonce AS nonce, successor_expires_at AS "expiresAt"
    FROM parley_rotate_token($1, $2, $3, $4, $5)`,
}

const revokeSession = {
  name: 'revoke_session',
  text: 'UPDATE sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL',
}

/** More sessions than one person is shown only tokens of outside can begin. */
const maxListed = 200

const readLiveOf = {
  name: 'read_live_sessions_of',
  goesWithWrites: true,
  text: `SELECT id AS "sessionId", user_agent AS "userAgent", created_at AS "createdAt", last_used_at AS "lastUsedAt" FROM sessions
    WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now() ORDER BY last_used_at DESC, id DESC LIMIT ${String(maxListed)}`,
}

const revokeOf = {
  name: 'revoke_session_of',
  text: `WITH own AS MATERIALIZED (SELECT id FROM sessions WHERE id = $2 AND user_id = $1),
      ended AS (UPDATE sessions SET revoked_at = now() WHERE id IN (SELECT id FROM own) AND revoked_at IS NULL)
    SELECT id FROM own`,
}

const noteUsed = {
  name: 'note_used_sessions',
  text: `UPDATE sessions SET last_used_at = now() WHERE id IN (
    SELECT id FROM sessions WHERE id = ANY (${arrayParameter('uuid')}) AND revoked_at IS NULL FOR NO KEY UPDATE SKIP LOCKED)`,
}

const readPasswordHash = {
  name: 'read_password_hash',
  goesWithWrites: true,
  text: 'SELECT password_hash AS "passwordHash" FROM credentials WHERE user_id = $1',
}

const changePassword = { name: 'change_password', text: 'SELECT parley_change_password($1, $2, $3) AS id' }

const readLive = {
  name: 'read_live_sessions',
  goesWithWrites: true,
  text: `SELECT s.id AS "sessionId", s.user_id AS "userId", u.role::text,
      CASE WHEN s.outside_key IS NOT NULL THEN s.expires_at END AS "endsAt", s.expires_at <= now() AS "isExpired"
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = ANY (${arrayParameter('uuid')}) AND s.revoked_at IS NULL AND (s.expires_at > now() OR s.outside_key IS NOT NULL)
      AND NOT parley_is_suspended(u.suspended_at, u.suspended_until)`,
}

interface RotatedRow extends Record<string, unknown> {
  outcome: Rotation['outcome']
  sessionId: string | null
  userId: string | null
  successorHash: Buffer | null
  nonce: Buffer | null
  expiresAt: Date | null
}

function rotationOf({ outcome, sessionId, userId, successorHash, nonce, expiresAt }: RotatedRow): Rotation {
  if (outcome === 'UNKNOWN') return { outcome }
  if (!sessionId || !userId) throw new Error('parley_rotate_token named no session')
  if (outcome !== 'REPEATED') return { outcome, sessionId, userId }
  if (!successorHash || !nonce || !expiresAt) throw new Error('parley_rotate_token named no successor')
  return { outcome, sessionId, userId, successor: { hash: successorHash, expiresAt }, nonce }
}

export function createSessionStore(db: Database): SessionStore {
  return {
    async createUser({ id, handle, displayName, searchName, passwordHash }) {
      const rows = await db.run(createUser, [id, handle, displayName, searchName.text, searchName.rule, passwordHash])
      return rows.length > 0
    },
    async credential(handle) {
      const [row] = await db.run<
        CredentialRow & { suspension: { reason: string | null; until: string | null } | null }
      >(readCredential, [handle])
      if (!row) return null
      const { suspension } = row
      return {
        ...row,
        suspension: suspension && {
          ...suspension,
          until: suspension.until === null ? null : new Date(suspension.until),
        },
      }
    },
    async createSession(sessionId, { userId, passwordHash }, token, most, userAgent, address) {
      const values = [sessionId, userId, token.hash, token.expiresAt, passwordHash, most, userAgent, address]
      const [row] = await db.run<{ ended: string[] }>(createSession, values)
      return row ?? null
    },
    async rotate(oldHash, { hash, expiresAt, nonce }, repeatWindowMs) {
      const [row] = await db.run<RotatedRow>(rotateToken, [oldHash, hash, expiresAt, nonce, repeatWindowMs])
      if (!row) throw new Error('parley_rotate_token answered nothing')
      return rotationOf(row)
    },
    async revoke(sessionId) {
      await db.run(revokeSession, [sessionId])
    },
    liveOf: (userId) => db.run<OwnSession & Record<string, unknown>>(readLiveOf, [userId], userId),
    revokeOf: async (userId, sessionId) => (await db.run(revokeOf, [userId, sessionId], userId)).length > 0,
    async noteUsed(sessionIds) {
      await db.run(noteUsed, [sessionIds])
    },
    passwordHashOf: async (userId) =>
      (await db.run<{ passwordHash: string }>(readPasswordHash, [userId]))[0]?.passwordHash ?? null,
    changePassword: async (userId, passwordHash, keptSessionId) =>
      (await db.run<{ id: string }>(changePassword, [userId, passwordHash, keptSessionId])).map(({ id }) => id),
    forgetSessions: async (before, limit) => (await db.run(forgetSessions, [before, limit])).length,
    forgetTokens: async (before, limit) => (await db.run(forgetTokens, [before, limit])).length,
    live: (sessionIds) => db.run<FoundSession & Record<string, unknown>>(readLive, [sessionIds]),
  }
}
