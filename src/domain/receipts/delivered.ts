import { infoOf } from '../../log/event-types.ts'
import type { LiveItem } from '../streams/event-loaders.ts'
import type { Viewer } from '../viewer.ts'

/**
 * The conversation and seq of the new message, by another person, that an item brings to the viewer; null for any other
 * item.
 */
export function messageOfOthers(viewer: Viewer, { event }: LiveItem): { conversationId: string; seq: number } | null {
  if (!event || event.type === 'TYPING_CHANGED' || event.messageSeq === null) return null
  if (!infoOf(event.type).countsAsDelivery || event.actorId === viewer.userId) return null
  return { conversationId: event.streamId, seq: event.messageSeq }
}
