import type { Message } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'

/**
 * The one rule of who is notified of a message. Not its sender. Not members who have muted the conversation, unless the message
 * mentions them or everyone, or is direct. Returns who must not be notified.
 */
export async function notToNotify(
  message: Pick<Message, 'conversationId' | 'senderId' | 'mentionIds' | 'mentionsEveryone'>,
  loaders: Loaders,
): Promise<ReadonlySet<string>> {
  const { conversationId, senderId, mentionIds, mentionsEveryone } = message
  if (mentionsEveryone) return new Set([senderId])
  const muting = await loaders.muting.load(conversationId)
  const muted = muting && muting.kind !== 'DIRECT' ? muting.userIds.filter((id) => !mentionIds.includes(id)) : []
  return new Set([senderId, ...muted])
}
