// What is exported: everything, one conversation, or what is of one person.
import { fromBase64url, isUuid, toHandle } from '../domain/ids.ts'
import { ExportError } from './error.ts'
import type { Snapshot } from './snapshot.ts'

export type Scope =
  { kind: 'all'; id: null } | { kind: 'conversation'; id: string } | { kind: 'user'; id: string; handle: string }

export interface Asked {
  all: boolean
  user?: string | undefined
  conversation?: string | undefined
}

/** An id as the API has it, or as the database has it. */
function idOf(type: 'User' | 'Conversation', text: string): string | null {
  if (isUuid(text.toLowerCase())) return text.toLowerCase()
  const [found, key = ''] = (fromBase64url(text) ?? '').split(':')
  return found === type && isUuid(key) ? key : null
}

export async function scopeOf(snapshot: Snapshot, { all, user, conversation }: Asked): Promise<Scope> {
  if ([all, user !== undefined, conversation !== undefined].filter(Boolean).length !== 1)
    throw new ExportError('Say what to export: one of --all, --user <handle or id> and --conversation <id>.')
  if (user !== undefined) {
    // A handle first: it may look like an id.
    const [found] = await snapshot.rows<{ id: string; handle: string; erased: boolean }>(
      `SELECT id, handle, erased_at IS NOT NULL AS erased FROM users WHERE handle = $1 OR id = $2 ORDER BY handle = $1 DESC LIMIT 1`,
      [toHandle(user.replace(/^@/, '')), idOf('User', user)],
    )
    if (!found) throw new ExportError(`There is nobody with the handle or id ${user}.`)
    if (found.erased) throw new ExportError(`${user} was erased: nothing of theirs is left.`)
    return { kind: 'user', id: found.id, handle: found.handle }
  }
  if (conversation === undefined) return { kind: 'all', id: null }
  const [found] = await snapshot.rows<{ id: string; deleted: boolean }>(
    `SELECT id, deleted_at IS NOT NULL AS deleted FROM conversations WHERE id = $1`,
    [idOf('Conversation', conversation)],
  )
  if (!found) throw new ExportError(`There is no conversation with the id ${conversation}.`)
  if (found.deleted) throw new ExportError(`The conversation ${conversation} was deleted: nothing of it is left.`)
  return { kind: 'conversation', id: found.id }
}
