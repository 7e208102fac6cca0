import type { Append } from '../../log/append.ts'
import { newId } from '../ids.ts'
import { ValidationError } from '../errors.ts'
import { requestHash } from '../op-key.ts'
import { accepted } from '../outcome.ts'
import type { Presence } from '../presence/presence.ts'
import type { Viewer } from '../viewer.ts'

/** People one conversation can hold. */
export const maxMembers = 10_000

export interface Conversations {
  /** Each answers the conversation's id. */
  startDirect(viewer: Viewer, peerId: string): Promise<string>
  createGroup(
    viewer: Viewer,
    input: { title: string; editPolicy: string; memberIds: string[]; opKey: string },
  ): Promise<string>
  rename(viewer: Viewer, conversationId: string, title: string): Promise<string>
  addMembers(viewer: Viewer, conversationId: string, userIds: string[]): Promise<string>
  removeMember(viewer: Viewer, conversationId: string, userId: string): Promise<string>
  leave(viewer: Viewer, conversationId: string): Promise<string>
}

const notFound = 'There is no such conversation here.'
const managersOnly = 'Only the owner and admins of a group may do this, and a direct conversation keeps its two people.'

export function createConversations(append: Append, presence: Pick<Presence, 'relationsChanged'>): Conversations {
  const idOf = (conversationId: string | undefined) => {
    if (conversationId === undefined) throw new Error('a conversation was made and not answered')
    return conversationId
  }
  return {
    async startDirect(viewer, peerId) {
      if (peerId === viewer.userId) {
        const message = 'A direct conversation needs another person.'
        throw new ValidationError(message, [{ path: ['input', 'userId'], reason: message }])
      }
      const result = await append('startDirect', [viewer.userId, peerId, newId()])
      const { conversationId } = accepted(result, { notFound: 'There is no such person here.' }).result
      if (result.events.length > 0) presence.relationsChanged([viewer.userId, peerId])
      return idOf(conversationId)
    },
    async createGroup(viewer, { title, editPolicy, memberIds, opKey }) {
      // Sorted, because the same people in another order are the same request.
      const members = [...new Set(memberIds)].sort()
      const hash = requestHash('createGroup', [title, editPolicy, ...members])
      const result = await append('createGroup', [viewer.userId, newId(), title, editPolicy, members, opKey, hash])
      const { conversationId } = accepted(result, { notFound: 'At least one of memberIds is nobody here.' }).result
      if (result.events.length > 0) presence.relationsChanged([viewer.userId, ...members])
      return idOf(conversationId)
    },
    async rename(viewer, conversationId, title) {
      const result = await append('renameConversation', [viewer.userId, conversationId, title])
      accepted(result, { notFound, forbidden: managersOnly })
      return conversationId
    },
    async addMembers(viewer, conversationId, userIds) {
      const result = await append('addMembers', [viewer.userId, conversationId, userIds, maxMembers])
      if (result.outcome === 'TOO_MANY_MEMBERS') {
        const message = `A conversation holds at most ${String(maxMembers)} people.`
        throw new ValidationError(message, [{ path: ['input', 'userIds'], reason: message }])
      }
      accepted(result, { notFound, forbidden: managersOnly })
      if (result.events.length > 0) presence.relationsChanged(userIds)
      return conversationId
    },
    async removeMember(viewer, conversationId, userId) {
      const result = await append('removeMember', [viewer.userId, conversationId, userId])
      accepted(result, { notFound, forbidden: managersOnly })
      presence.relationsChanged([userId])
      return conversationId
    },
    async leave(viewer, conversationId) {
      const result = await append('removeMember', [viewer.userId, conversationId, viewer.userId])
      accepted(result, { notFound, forbidden: 'A direct conversation cannot be left. Archive it instead.' })
      presence.relationsChanged([viewer.userId])
      return conversationId
    },
  }
}
