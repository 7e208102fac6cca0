import type { Message } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'

/**
 * The one rule of who is notified of a message. Not its sender. Not members who have muted the conversation, unless the message
 * mentions them or everyone, or is direct; and nobody who has blocked its sender, or to whom it is a request. Returns who must not be notified.
 */
export async function notToNotify(
  message: Pick<Message, 'conversationId' | 'senderId' | 'mentionIds' | 'mentionsEveryone'>,
  loaders: Loaders,
): Promise<ReadonlySet<string>> {
  const { conversationId, senderId, mentionIds, mentionsEveryone } = message
  const muting = await loaders.muting.load({ conversationId, userId: senderId })
  if (!muting) return new Set([senderId])
  const { kind, userIds, blockerIds, requestedIds } = muting
  const muted = kind === 'DIRECT' || mentionsEveryone ? [] : userIds.filter((id) => !mentionIds.includes(id))
  return new Set([senderId, ...blockerIds, ...requestedIds, ...muted])
}
