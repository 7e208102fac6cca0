import type { Database } from './database/database.ts'
import type { SearchName } from './search-names.ts'

/** What a key may be used for; docs/identity.md says which operations each stands for. */
export type ApiKeyScope = 'READ' | 'MESSAGES_WRITE' | 'CONVERSATIONS_WRITE' | 'USERS_WRITE' | 'ACT_AS'

export interface ApiKeyRow {
  id: string
  userId: string
  name: string
  scopes: ApiKeyScope[]
  createdAt: Date
  lastUsedAt: Date | null
  expiresAt: Date | null
}

export interface NewApiKey {
  id: string
  name: string
  searchName: SearchName
  scopes: readonly ApiKeyScope[]
  expiresAt: Date | null
  userId: string
  handle: string
  hash: Buffer
  sessionId: string
}

/** API keys. `actorId` null: an operator on the command line. Every method rejects with UNAVAILABLE when the database does not answer. */
export interface ApiKeyStore {
  /** False when there are `most` of them. */
  create(actorId: string | null, key: NewApiKey, most: number): Promise<boolean>
  /** Those that are not over. */
  list(): Promise<ApiKeyRow[]>
  /** Another secret; those before it end after `graceMs`. The sessions that ended at once; null when there is no such key. */
  rotate(actorId: string | null, id: string, hash: Buffer, sessionId: string, graceMs: number): Promise<string[] | null>
  /** The sessions that ended; null when there is no such key. */
  revoke(actorId: string | null, id: string): Promise<string[] | null>
  /** Null for a secret of no key. */
  bySecret(hash: Buffer): Promise<{ sessionId: string; scopes: ApiKeyScope[] } | null>
  /** Somebody for whom a key may act: neither staff, nor suspended, nor a key's own person. */
  mayBeActedFor(userId: string): Promise<boolean>
  /** Records a use of it in the audit log. */
  noteUse(actorId: string, personId: string, operation: string): Promise<void>
}

const create = {
  name: 'create_api_key',
  text: 'SELECT parley_create_api_key($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS made',
}
const list = {
  name: 'read_api_keys',
  goesWithWrites: true,
  text: `SELECT k.id, k.user_id AS "userId", k.name, k.scopes, k.created_at AS "createdAt", k.expires_at AS "expiresAt",
      (SELECT max(s.last_used_at) FROM api_key_secrets x JOIN sessions s ON s.id = x.session_id
        WHERE x.api_key_id = k.id AND s.last_used_at > s.created_at) AS "lastUsedAt"
    FROM api_keys k WHERE k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true) ORDER BY k.created_at, k.id`,
}
const rotate = {
  name: 'add_api_key_secret',
  text: `SELECT session_id AS id FROM parley_add_api_key_secret($1, $2, $3, $4, make_interval(secs => $5::float8 / 1000))`,
}
const revoke = { name: 'revoke_api_key', text: 'SELECT parley_revoke_api_key($1, $2) AS ids' }
const readBySecret = {
  name: 'read_api_key_secret',
  goesWithWrites: true,
  text: `SELECT x.session_id AS "sessionId", k.scopes FROM api_key_secrets x JOIN api_keys k ON k.id = x.api_key_id WHERE x.hash = $1`,
}
const readActable = {
  name: 'read_actable_user',
  goesWithWrites: true,
  text: `SELECT 1 FROM users u WHERE u.id = $1 AND u.role = 'USER' AND u.erased_at IS NULL
    AND NOT parley_is_suspended(u.suspended_at, u.suspended_until) AND NOT EXISTS (SELECT FROM api_keys k WHERE k.user_id = u.id)`,
}
const noteUse = {
  name: 'note_api_key_use',
  text: `SELECT parley_audit('apiKey.used', $1, $2, NULL, jsonb_build_object('operation', $3::text))`,
}

export function createApiKeyStore(db: Database): ApiKeyStore {
  return {
    async create(actorId, key, most) {
      const { id, name, searchName, scopes, expiresAt, userId, handle, hash, sessionId } = key
      const values = [
        actorId,
        id,
        name,
        searchName.text,
        searchName.rule,
        scopes,
        expiresAt,
        userId,
        handle,
        hash,
        sessionId,
        most,
      ]
      return (await db.run<{ made: boolean }>(create, values))[0]?.made ?? false
    },
    list: () => db.run<ApiKeyRow & Record<string, unknown>>(list, []),
    async rotate(actorId, id, hash, sessionId, graceMs) {
      const rows = await db.run<{ id: string }>(rotate, [actorId, id, hash, sessionId, graceMs])
      return rows.length === 0 ? null : rows.map((row) => row.id).filter((ended) => ended !== sessionId)
    },
    revoke: async (actorId, id) => (await db.run<{ ids: string[] | null }>(revoke, [actorId, id]))[0]?.ids ?? null,
    bySecret: async (hash) =>
      (await db.run<{ sessionId: string; scopes: ApiKeyScope[] }>(readBySecret, [hash]))[0] ?? null,
    mayBeActedFor: async (userId) => (await db.run(readActable, [userId])).length > 0,
    async noteUse(actorId, personId, operation) {
      await db.run(noteUse, [actorId, personId, operation])
    },
  }
}
