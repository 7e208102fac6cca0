import DataLoader from 'dataloader'
import { oncePerTurn } from '../../flow/turn.ts'
import type { ConversationStore, Membership, MembershipKey } from '../../store/conversations.ts'
import type { Viewer } from '../viewer.ts'

/**
 * The viewer's active membership of a conversation; null when there is none, or no such conversation. With `eventSeq`, also
 * the mark at that position.
 */
export type MembershipOf = (viewer: Viewer, conversationId: string, eventSeq?: number) => Promise<Membership | null>

/** Thousands may ask at once: all requests of one turn of the event loop share a statement. Nothing is cached. */
export function createMembershipOf(conversations: Pick<ConversationStore, 'activeMemberships'>): MembershipOf {
  const loader = new DataLoader<MembershipKey, Membership | null>((keys) => conversations.activeMemberships(keys), {
    cache: false,
    batchScheduleFn: oncePerTurn,
  })
  return ({ userId }, conversationId, eventSeq) => loader.load({ viewerId: userId, conversationId, eventSeq })
}
