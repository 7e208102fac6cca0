import type { Message } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'

/**
 * Who must not be notified of a message: its sender, and members who have muted the conversation. A direct message notifies
 * even then.
 */
export async function notToNotify(
  { conversationId, senderId }: Pick<Message, 'conversationId' | 'senderId'>,
  loaders: Loaders,
): Promise<ReadonlySet<string>> {
  const muting = await loaders.muting.load(conversationId)
  const muted = muting && muting.kind !== 'DIRECT' ? muting.userIds : []
  return new Set([senderId, ...muted])
}
