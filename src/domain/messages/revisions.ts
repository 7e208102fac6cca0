import type { RevisionRow } from '../../store/messages.ts'
import type { Message } from '../../store/rows.ts'
import { accessOf, isStaff } from '../conversations/access.ts'
import { isShown } from '../conversations/history.ts'
import type { Loaders } from '../loaders.ts'
import type { Viewer } from '../viewer.ts'

/**
 * Who may see the former texts of a message: its sender, the owner and the admins of a group, and staff in a support
 * conversation.
 */
async function maySee(
  viewer: Viewer,
  { conversationId, seq, senderId }: Pick<Message, 'conversationId' | 'seq' | 'senderId'>,
  loaders: Loaders,
): Promise<boolean> {
  const access = await accessOf(viewer, conversationId, loaders)
  if (!access || !isShown(access, seq)) return false
  if (viewer.userId === senderId) return true
  if (access.conversation.kind === 'SUPPORT') return isStaff(viewer)
  if (access.conversation.kind !== 'GROUP') return false
  const member = await loaders.member.load({ conversationId, userId: viewer.userId })
  return member !== null && member.leftAt === null && member.role !== 'MEMBER'
}

/** The former texts of a message, oldest first; none for a viewer who may not see them. */
export async function revisionsOf(viewer: () => Viewer, message: Message, loaders: Loaders): Promise<RevisionRow[]> {
  // Before the viewer is asked for: without them the answer is the same for all.
  if (message.revision === 1 || message.deletedAt !== null) return []
  return (await maySee(viewer(), message, loaders)) ? loaders.revisions.load(message) : []
}
