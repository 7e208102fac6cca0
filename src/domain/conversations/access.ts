import type { Conversation, EntryRow } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'
import type { Viewer } from '../viewer.ts'

/**
 * Why somebody may see a conversation: as a member, with their entry of it; or as staff, who see support conversations
 * without being members. Staff see no other conversation.
 */
export type Access =
  | { as: 'MEMBER'; conversation: Conversation; entry: EntryRow }
  | { as: 'STAFF'; conversation: Conversation; entry: null }

export const isStaff = ({ role }: Pick<Viewer, 'role'>): boolean => role !== 'USER'

const memberAccess = (entry: EntryRow): Access => ({ as: 'MEMBER', conversation: entry.conversation, entry })
const staffAccess = (conversation: Conversation | null): Access | null =>
  conversation?.kind === 'SUPPORT' ? { as: 'STAFF', conversation, entry: null } : null

/**
 * The one rule of who may see a conversation. Null: for this viewer it does not exist. Everything that shows something of a
 * conversation asks this. Answers at once where the entry was loaded before.
 */
export function accessOf(
  viewer: Viewer,
  conversationId: string,
  loaders: Pick<Loaders, 'entry' | 'conversation'>,
): Promise<Access | null> | Access | null {
  const accessBy = (entry: EntryRow | null) => {
    if (entry) return memberAccess(entry)
    return isStaff(viewer) ? loaders.conversation.load(conversationId).then(staffAccess) : null
  }
  const entry = loaders.entry.get({ viewerId: viewer.userId, conversationId })
  return entry instanceof Promise ? entry.then(accessBy) : accessBy(entry)
}
