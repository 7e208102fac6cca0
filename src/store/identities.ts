import type { Database } from './database/database.ts'
import type { SearchName } from './search-names.ts'
import type { SessionRow, SuspensionTerms } from './sessions.ts'

export type UserRole = SessionRow['role']

/** What a token of the embedding product says; null leaves a part of the profile as it is. */
export interface Entrance {
  /** SHA-256 of issuer and subject. */
  key: Buffer
  issuer: string
  subject: string
  /** Null when the token does not say it: then it counts as the newest. */
  issuedAt: Date | null
  /** For somebody new: their id, the handle they would like, one that nobody has, and what they are called without a name. */
  newUserId: string
  handle: string | null
  spareHandle: string
  newName: NamedPerson
  name: NamedPerson | null
  /** Empty: none from now on. */
  avatarUrl: string | null
  role: UserRole | null
  /** For a new session: its id, and what its client calls itself. */
  newSessionId: string
  userAgent: string | null
  /** Where they come from, for the audit log; and whether a new session means that somebody has signed in. */
  address: string
  isLogin: boolean
  /** SHA-256 of issuer, subject and session; null: no session is to be made. */
  sessionKey: Buffer | null
  expiresAt: Date
}

export interface NamedPerson {
  displayName: string
  searchName: SearchName
}

export type Entered =
  | { outcome: 'ENTERED'; session: SessionRow }
  | { outcome: 'SUSPENDED'; terms: SuspensionTerms }
  | { outcome: 'REVOKED' | 'ERASED' }

/** People of the embedding product. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface IdentityStore {
  /** Finds or makes the person and the session of a token that was verified, in one statement. Repeating it changes nothing. */
  enter(entrance: Entrance): Promise<Entered>
  /** A session goes on as long as another one of the same person. Neither is one that Parley signed in, or was revoked. */
  prolong(sessionId: string, bySessionId: string): Promise<void>
}

const enter = {
  name: 'enter',
  isRepeatable: true,
  text: `SELECT outcome, session_id AS "sessionId", user_id AS "userId", role::text, ends_at AS "endsAt",
      suspended_reason AS reason, suspended_until AS until
    FROM parley_enter($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::user_role, $15, $16, $17, $18, $19, $20)`,
}

const prolong = {
  name: 'prolong_session',
  isRepeatable: true,
  text: `UPDATE sessions s SET expires_at = n.expires_at FROM sessions n WHERE s.id = $1 AND n.id = $2 AND s.user_id = n.user_id
    AND s.outside_key IS NOT NULL AND n.outside_key IS NOT NULL AND s.revoked_at IS NULL AND n.revoked_at IS NULL
    AND s.expires_at < n.expires_at`,
}

type EnteredRow = { outcome: Entered['outcome'] } & SessionRow & SuspensionTerms & Record<string, unknown>

export function createIdentityStore(db: Database): IdentityStore {
  return {
    async enter(entrance) {
      const { key, issuer, subject, issuedAt, newUserId, handle, spareHandle, name, newName, avatarUrl, role } =
        entrance
      const { newSessionId, sessionKey, expiresAt, userAgent, address, isLogin } = entrance
      const [row] = await db.run<EnteredRow>(enter, [
        ...[key, issuer, subject, issuedAt, newUserId, handle, spareHandle],
        ...[name?.displayName ?? null, name?.searchName.text ?? null, newName.searchName.rule],
        ...[newName.displayName, newName.searchName.text, avatarUrl, role],
        ...[newSessionId, sessionKey, expiresAt, userAgent, address, isLogin],
      ])
      if (!row) throw new Error('parley_enter answered nothing')
      const { outcome, reason, until, ...session } = row
      if (outcome === 'ENTERED') return { outcome, session }
      return outcome === 'SUSPENDED' ? { outcome, terms: { reason, until } } : { outcome }
    },
    async prolong(sessionId, bySessionId) {
      await db.run(prolong, [sessionId, bySessionId])
    },
  }
}
