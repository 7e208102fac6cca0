import type { ConversationState } from '../client/types.ts'
import type { Texts } from '../texts/en.ts'

export function titleOf({ fields }: ConversationState, texts: Texts): string {
  if (fields.kind === 'DIRECT') return fields.peer?.displayName ?? ''
  return fields.title ?? (fields.kind === 'SUPPORT' ? texts.inbox.support : texts.inbox.group)
}

export const isMuted = (conversation: ConversationState, nowMs = Date.now()) =>
  Date.parse(conversation.entry?.mutedUntil ?? '') > nowMs
