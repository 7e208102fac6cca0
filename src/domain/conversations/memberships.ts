import DataLoader from 'dataloader'
import { oncePerTurn } from '../../flow/turn.ts'
import type { ConversationStore, Membership, MembershipKey } from '../../store/conversations.ts'
import type { Viewer } from '../viewer.ts'
import { isStaff } from './access.ts'

/**
 * The viewer's active membership of a conversation; null when there is none, or no such conversation. With `eventSeq`, also
 * the mark at that position.
 */
export type MembershipOf = (viewer: Viewer, conversationId: string, eventSeq?: number) => Promise<Membership | null>

export function createMembershipOf(conversations: Pick<ConversationStore, 'activeMemberships'>): MembershipOf {
  return membershipsIn(conversations, () => false)
}

/** The same for who follows a conversation: staff follow support conversations without being members. */
export function createFollowedBy(conversations: Pick<ConversationStore, 'activeMemberships'>): MembershipOf {
  return membershipsIn(conversations, isStaff)
}

/** Thousands may ask at once: all requests of one turn of the event loop share a statement. Nothing is cached. */
function membershipsIn(
  conversations: Pick<ConversationStore, 'activeMemberships'>,
  countsAsStaff: (viewer: Viewer) => boolean,
): MembershipOf {
  const loader = new DataLoader<MembershipKey, Membership | null>((keys) => conversations.activeMemberships(keys), {
    cache: false,
    batchScheduleFn: oncePerTurn,
  })
  return (viewer, conversationId, eventSeq) =>
    loader.load({ viewerId: viewer.userId, conversationId, eventSeq, isStaff: countsAsStaff(viewer) })
}
