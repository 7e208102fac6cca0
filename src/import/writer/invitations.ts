// How the people of an import get in: by a one-time link, or as people of the embedding product.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { invitationEnd, newInvitationToken } from '../../domain/sessions/invitation-tokens.ts'
import { makeInvitations } from '../../store/invitations.ts'
import type { ImportedUser } from '../model.ts'
import type { ImportDatabase } from './database.ts'
import { hashedKey } from './keys.ts'

const batchSize = 200

/** Bots and who was deactivated there do not log in; who was erased here is not here. */
async function peopleOf(db: ImportDatabase, source: string, users: readonly ImportedUser[]) {
  const rows = await db.rows<{ key: string; id: string }>(
    `SELECT encode(p.key_hash, 'hex') AS key, p.user_id AS id FROM imported_people p JOIN users u ON u.id = p.user_id
      WHERE p.source = $1 AND u.erased_at IS NULL`,
    [source],
  )
  const ids = new Map(rows.map(({ key, id }) => [key, id]))
  return users
    .filter(({ bot, active }) => active && !bot)
    .flatMap((user) => {
      const id = ids.get(hashedKey(source, 'user', user.key).toString('hex'))
      return id === undefined ? [] : [{ user, id }]
    })
}

export interface Inviting {
  file: string
  days: number
  /** What stands before the token in a link. */
  link: string | null
}

/** A line for each who has no way in yet. How many. Made again, the former links are no longer good. */
export async function writeInvitations(
  db: ImportDatabase,
  source: string,
  users: readonly ImportedUser[],
  { file: path, days, link }: Inviting,
): Promise<number> {
  // Who can read it can become any of them.
  const file = await open(path, 'w', 0o600)
  let count = 0
  try {
    await file.chmod(0o600)
    const people = await peopleOf(db, source, users)
    const expiresAt = invitationEnd(days)
    for (let from = 0; from < people.length; from += batchSize) {
      // Two people of the source can be one here, who gets one link.
      const batch = new Map(
        people.slice(from, from + batchSize).map(({ user, id }) => [id, { user, ...newInvitationToken() }]),
      )
      const made = await db.rows<{ id: string; handle: string }>(makeInvitations, [
        ...[[...batch.keys()], [...batch.values()].map(({ hash }) => hash), expiresAt],
      ])
      for (const { id, handle } of made) {
        const { user, token } = batch.get(id) ?? {}
        if (!user || token === undefined) continue
        const { key, email, name } = user
        const shown = { key, email, name, handle, token, ...(link !== null && { link: link + token }), expiresAt }
        await file.writeFile(`${JSON.stringify(shown)}\n`)
        count += 1
      }
    }
  } finally {
    await file.close()
  }
  return count
}

export interface Identities {
  issuer: string
  /** Subjects of the embedding product by the source's keys, handles or e-mail addresses. */
  subjects: ReadonlyMap<string, string>
}

/** From now on tokens of the embedding product name these people. Somebody who is known to it already stays who they are. How many. */
export async function writeIdentities(
  db: ImportDatabase,
  source: string,
  users: readonly ImportedUser[],
  { issuer, subjects }: Identities,
): Promise<number> {
  let count = 0
  for (const { user, id } of await peopleOf(db, source, users)) {
    const subject = [user.key, user.handle, user.email].flatMap((name) =>
      name === null ? [] : (subjects.get(name) ?? []),
    )[0]
    if (subject === undefined) continue
    const key = createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest()
    const made = await db.rows(
      'INSERT INTO identities (key, user_id, issuer, subject) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING key',
      [key, id, issuer, subject],
    )
    count += made.length
  }
  return count
}
