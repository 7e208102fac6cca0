import type { Message } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'

/**
 * Who does not want to be told of a message: its sender, and whoever has muted the conversation; a direct one tells
 * nevertheless.
 */
export async function notToNotify(
  { conversationId, senderId }: Pick<Message, 'conversationId' | 'senderId'>,
  loaders: Loaders,
): Promise<ReadonlySet<string>> {
  const muting = await loaders.muting.load(conversationId)
  const muted = muting && muting.kind !== 'DIRECT' ? muting.userIds : []
  return new Set([senderId, ...muted])
}
