// Who the source's people are here: by an earlier import, the mapping file or the e-mail of an earlier import; else made, with
// nothing to log in by.
import { v7 as newId } from 'uuid'
import { searchNameOf } from '../../domain/text/fold.ts'
import type { ImportedUser, OwnPerson } from '../model.ts'
import type { ImportDatabase } from './database.ts'
import { hashedEmail, hashedKey } from './keys.ts'

export interface PeopleResult {
  /** By the source's key. */
  ids: Map<string, string>
  /** Erased here since: nothing of theirs is written again. */
  erased: Set<string>
  made: number
}

/** Handles here by the source's key, handle or e-mail. */
export type Mapping = ReadonlyMap<string, string>

const maxNameLength = 64

/** As Parley's handles are: 3 to 32 of a–z, 0–9, _ and a point. */
export function handleFrom(user: ImportedUser): string {
  const raw = user.handle ?? user.email?.split('@')[0] ?? user.name ?? user.key
  const plain = raw
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
    .replace(/[^a-z0-9_.]/g, '')
    .slice(0, 24)
  return plain.length >= 3 ? plain : `user_${plain}`
}

/** What is shown: control characters and marks of direction are no part of a name. */
export const displayNameOf = (user: ImportedUser) => {
  const shown = (user.name ?? user.handle ?? user.email ?? user.key).replace(/[\p{Cc}\p{Cf}]/gu, '').trim()
  return Array.from(shown === '' ? 'Unknown' : shown)
    .slice(0, maxNameLength)
    .join('')
}

export async function settlePeople(
  db: ImportDatabase,
  source: string,
  users: readonly ImportedUser[],
  mapping: Mapping,
): Promise<PeopleResult> {
  const result: PeopleResult = { ids: new Map(), erased: new Set(), made: 0 }
  const known = await db.rows<{ key: string; id: string; erased: boolean }>(
    `SELECT encode(p.key_hash, 'hex') AS key, p.user_id AS id, u.erased_at IS NOT NULL AS erased
       FROM imported_people p JOIN users u ON u.id = p.user_id WHERE p.source = $1`,
    [source],
  )
  const byHash = new Map(known.map((row) => [row.key, row]))
  for (const user of users) {
    const present = byHash.get(hashedKey(source, 'user', user.key).toString('hex'))
    if (present) result.ids.set(user.key, present.id)
    if (present?.erased) result.erased.add(user.key)
  }
  const missing = users.filter(({ key }) => !result.ids.has(key))
  for (let from = 0; from < missing.length; from += 500) {
    await db.transaction(async () => {
      for (const user of missing.slice(from, from + 500)) await settle(db, source, user, mapping, result)
    })
  }
  return result
}

async function settle(
  db: ImportDatabase,
  source: string,
  user: ImportedUser,
  mapping: Mapping,
  result: PeopleResult,
): Promise<void> {
  const told = [user.key, user.handle, user.email].flatMap((name) =>
    name === null ? [] : (mapping.get(name) ?? []),
  )[0]
  const emailHash = user.email === null ? null : hashedEmail(user.email)
  const [match] = await db.rows<{ id: string }>(
    told === undefined
      ? `SELECT u.id FROM imported_people p JOIN users u ON u.id = p.user_id
          WHERE p.email_hash = $1::bytea AND u.erased_at IS NULL ORDER BY u.created_at LIMIT 1`
      : 'SELECT id FROM users WHERE handle = lower($1) AND erased_at IS NULL',
    [told ?? emailHash],
  )
  const same = match ?? (user.own && (await theSame(db, user.key, user.own)))
  const id = same?.id ?? (await make(db, user))
  if (!same) result.made += 1
  await db.rows(
    'INSERT INTO imported_people (source, key_hash, email_hash, user_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [source, hashedKey(source, 'user', user.key), emailHash, id],
  )
  result.ids.set(user.key, id)
}

/** An erased person stays one. */
async function applyOwn(
  db: ImportDatabase,
  id: string,
  { avatarUrl, createdAt, erasedAt, settings }: OwnPerson,
): Promise<void> {
  await db.rows(
    `UPDATE users SET avatar_url = $2, created_at = $3::timestamptz, erased_at = $4::timestamptz, erasure_finished_at = $4::timestamptz
      WHERE id = $1`,
    [id, avatarUrl, createdAt, erasedAt],
  )
  if (settings === null) return
  await db.rows(
    `UPDATE users u SET role = s.role, read_receipts_enabled = s."readReceiptsEnabled", presence_sharing = s."presenceSharing", direct_messages_from = s."directMessagesFrom",
       group_additions_from = s."groupAdditionsFrom", requests_enabled = s."requestsEnabled",
       invisible = s.invisible, last_seen_at = s."lastSeenAt"
       FROM jsonb_to_record($2::jsonb) AS s(role user_role, "readReceiptsEnabled" boolean, "presenceSharing" presence_sharing, "directMessagesFrom" contact_policy,
         "groupAdditionsFrom" contact_policy, "requestsEnabled" boolean,
         invisible boolean, "lastSeenAt" timestamptz) WHERE u.id = $1`,
    [id, JSON.stringify(settings)],
  )
}

/** Parley's own export, and the person is here: it was made here, or imported before from another export. */
async function theSame(db: ImportDatabase, key: string, own: OwnPerson): Promise<{ id: string } | undefined> {
  const [found] = await db.rows<{ id: string }>('SELECT id FROM users WHERE id = $1 AND created_at = $2::timestamptz', [
    ...[key, own.createdAt],
  ])
  return found
}

/** Handles that look alike are refused by an index: then the next number is tried. */
async function make(db: ImportDatabase, user: ImportedUser): Promise<string> {
  const { own } = user
  const wanted = own ? (user.handle ?? handleFrom(user)) : handleFrom(user)
  const displayName = displayNameOf(user)
  const { text, rule } = searchNameOf(displayName)
  for (let attempt = 1; ; attempt += 1) {
    const random = Math.floor(Math.random() * 36 ** 5).toString(36)
    const handle = attempt === 1 ? wanted : attempt < 10 ? `${wanted}_${attempt}` : `${wanted}_${random}`
    const id = own && attempt === 1 ? user.key : newId()
    const [made] = await db.rows<{ id: string }>(
      `INSERT INTO users (id, handle, handle_skeleton, display_name, search_name, search_name_rule)
       VALUES ($1, $2, CASE WHEN $6 THEN NULL ELSE parley_handle_skeleton($2) END, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id`,
      [id, handle, displayName, own?.erasedAt == null ? text : '', rule, own?.erasedAt != null],
    )
    if (made && own) await applyOwn(db, made.id, own)
    if (made) return made.id
    if (attempt > 100) throw new Error(`no handle is free for ${wanted}`)
  }
}
