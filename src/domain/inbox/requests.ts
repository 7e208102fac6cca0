import type { Append } from '../../log/append.ts'
import type { EntryKey } from '../../store/conversations.ts'
import type { Conversation, EntryRow } from '../../store/rows.ts'
import { maxMembers } from '../conversations/conversations.ts'
import { ValidationError, type NotFoundError } from '../errors.ts'
import { streamStart } from '../horizon.ts'
import type { Loaders } from '../loaders.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import type { Presence } from '../presence/presence.ts'
import type { Viewer } from '../viewer.ts'

/**
 * What people began whom the viewer does not let in by their settings. A direct conversation is hidden from the viewer's inbox, who
 * reads it as a member, and its other person learns nothing of that. Of a group that they are invited to the viewer is no member.
 */
export interface Requests {
  /** Repeating it changes nothing. Rejects with UNAVAILABLE when the database does not answer in time. */
  answer(
    viewer: Viewer,
    conversationId: string,
    accepted: boolean,
  ): Promise<undefined | NotFoundError | ValidationError>
}

export function createRequests(append: Append, presence: Pick<Presence, 'relationsChanged'>): Requests {
  return {
    async answer({ userId: actorId }, conversationId, accepted) {
      const answered = await append({ type: 'answerRequest', actorId, conversationId, accepted, maxMembers })
      if (answered.outcome === 'TOO_MANY_MEMBERS') {
        const reason = `This group has ${String(maxMembers)} members, which is the most.`
        return new ValidationError(reason, [{ path: ['input', 'conversationId'], reason }])
      }
      if (isRefused(answered)) return refusalOf(answered, { notFound: 'There is no such request here.' })
      if (accepted && answered.events.length > 0) presence.relationsChanged([actorId])
      return undefined
    },
  }
}

export const isInvitation = ({ conversation, member }: EntryRow): boolean =>
  member.requested && conversation.kind === 'GROUP'

/** What an invited person sees of a group: its name, its size and when something last happened there, and nothing of what. */
export const shownToInvited = (conversation: Conversation): Conversation => ({
  ...conversation,
  headSeq: 0,
  ...streamStart,
  historyBoundSeq: 0,
})

const invitation = (conversation: Conversation): EntryRow => ({
  conversation: shownToInvited(conversation),
  member: {
    ...{ ownReadSeq: 0, historyFromSeq: 0, joinedEventSeq: 0, mutedUntil: null },
    ...{ archived: true, hidden: true, pinned: false, requested: true },
  },
  unreadCount: 0,
  unreadMentionCount: 0,
})

/** The entry of a request that waits for an answer; null when there is none. */
export async function requestEntry(
  key: EntryKey,
  loaders: Pick<Loaders, 'request' | 'entry' | 'conversation'>,
): Promise<EntryRow | null> {
  const request = await loaders.request.load(key)
  if (!request) return null
  if (request.kind === 'DIRECT') return loaders.entry.load(key)
  const conversation = await loaders.conversation.load(key.conversationId)
  return conversation && invitation(conversation)
}
