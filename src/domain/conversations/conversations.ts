import type { Append } from '../../log/append.ts'
import type { EditPolicy, MemberRole } from '../../store/rows.ts'
import type { UpdateGroup } from '../../store/writing/commands.ts'
import { newId } from '../ids.ts'
import { ValidationError, type ForbiddenError, type NotFoundError, type OpKeyReusedError } from '../errors.ts'
import { requestHash } from '../op-key.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import type { Presence } from '../presence/presence.ts'
import type { Viewer } from '../viewer.ts'

/** Most people in one conversation. */
export const maxMembers = 10_000

/**
 * Methods return the conversation's id, or a refusal that a client must expect. They reject with UNAVAILABLE when the
 * database does not answer in time; repeating a call then does no harm (createGroup: with the same key).
 */
export interface Conversations {
  startDirect(viewer: Viewer, peerId: string): Promise<string | NotFoundError | ForbiddenError | ValidationError>
  createGroup(
    viewer: Viewer,
    input: { title: string; editPolicy: EditPolicy; memberIds: string[]; opKey: string },
  ): Promise<string | NotFoundError | ForbiddenError | OpKeyReusedError>
  rename(viewer: Viewer, conversationId: string, title: string): Promise<string | NotFoundError | ForbiddenError>
  /** Null leaves a setting as it is. */
  updateGroup(
    viewer: Viewer,
    conversationId: string,
    settings: Partial<Pick<UpdateGroup, 'memberPermissions' | 'historyVisibility' | 'editPolicy'>>,
  ): Promise<string | NotFoundError | ForbiddenError>
  addMembers(
    viewer: Viewer,
    conversationId: string,
    userIds: string[],
  ): Promise<string | NotFoundError | ForbiddenError | ValidationError>
  /** Rejects with VALIDATION_ERROR for the role OWNER. */
  setRole(
    viewer: Viewer,
    conversationId: string,
    userId: string,
    role: MemberRole,
  ): Promise<string | NotFoundError | ForbiddenError | ValidationError>
  transferOwnership(
    viewer: Viewer,
    conversationId: string,
    userId: string,
  ): Promise<string | NotFoundError | ForbiddenError>
  removeMember(viewer: Viewer, conversationId: string, userId: string): Promise<string | NotFoundError | ForbiddenError>
  leave(viewer: Viewer, conversationId: string): Promise<string | NotFoundError | ForbiddenError>
}

const notFound = 'There is no such conversation here.'
const managersOnly =
  'Only the owner and admins of a group may do this, and members whom the group lets do it; the owner and admins are removed by ' +
  'the owner alone. A direct conversation keeps its two people, and a closed one stays as it is.'
const ownRole = 'Nobody changes their own role. An owner who wants to be none calls transferOwnership.'
const ownerOnly = 'Only the owner of a group may do this, and not once it is closed.'

export function createConversations(append: Append, presence: Pick<Presence, 'relationsChanged'>): Conversations {
  const remove = async ({ userId: actorId }: Viewer, conversationId: string, userId: string, forbidden: string) => {
    const removed = await append({ type: 'removeMember', actorId, conversationId, userId })
    if (isRefused(removed)) return refusalOf(removed, { notFound, forbidden })
    presence.relationsChanged([userId])
    return conversationId
  }
  const setRole = async ({ userId: actorId }: Viewer, conversationId: string, userId: string, role: MemberRole) => {
    const set = await append({ type: 'setRole', actorId, conversationId, userId, role })
    const forbidden = role === 'OWNER' || userId !== actorId ? ownerOnly : ownRole
    return isRefused(set) ? refusalOf(set, { notFound, forbidden }) : conversationId
  }
  return {
    async startDirect({ userId: actorId }, peerId) {
      if (peerId === actorId) {
        const message = 'A direct conversation needs another person.'
        return new ValidationError(message, [{ path: ['input', 'userId'], reason: message }])
      }
      const made = await append({ type: 'startDirect', actorId, peerId, newId: newId() })
      if (isRefused(made)) return refusalOf(made, { notFound: 'There is no such person here.' })
      if (made.events.length > 0) presence.relationsChanged([actorId, peerId])
      return made.conversationId
    },
    async createGroup({ userId: actorId }, { title, editPolicy, memberIds: given, opKey }) {
      // Sorted, because the same people in another order are the same request.
      const memberIds = [...new Set(given)].sort()
      const hash = requestHash('createGroup', [title, editPolicy, ...memberIds])
      const group = { title, editPolicy, memberIds, opKey, hash }
      const made = await append({ type: 'createGroup', actorId, newId: newId(), ...group })
      if (isRefused(made)) return refusalOf(made, { notFound: 'At least one of memberIds is nobody here.' })
      if (made.events.length > 0) presence.relationsChanged([actorId, ...memberIds])
      return made.conversationId
    },
    async rename({ userId: actorId }, conversationId, title) {
      const renamed = await append({ type: 'renameConversation', actorId, conversationId, title })
      return isRefused(renamed) ? refusalOf(renamed, { notFound, forbidden: managersOnly }) : conversationId
    },
    async updateGroup({ userId: actorId }, conversationId, given) {
      const settings = { memberPermissions: null, historyVisibility: null, editPolicy: null, ...given }
      const updated = await append({ type: 'updateGroup', actorId, conversationId, ...settings })
      return isRefused(updated) ? refusalOf(updated, { notFound, forbidden: ownerOnly }) : conversationId
    },
    async addMembers({ userId: actorId }, conversationId, userIds) {
      const added = await append({ type: 'addMembers', actorId, conversationId, userIds, maxMembers })
      if (added.outcome === 'TOO_MANY_MEMBERS') {
        const message = `A conversation holds at most ${String(maxMembers)} people.`
        return new ValidationError(message, [{ path: ['input', 'userIds'], reason: message }])
      }
      if (isRefused(added)) return refusalOf(added, { notFound, forbidden: managersOnly })
      if (added.events.length > 0) presence.relationsChanged(userIds)
      return conversationId
    },
    async setRole(viewer, conversationId, userId, role) {
      if (role !== 'OWNER') return setRole(viewer, conversationId, userId, role)
      const message = 'A group has one owner. To hand it over, call transferOwnership.'
      return new ValidationError(message, [{ path: ['input', 'role'], reason: message }])
    },
    transferOwnership: (viewer, conversationId, userId) => setRole(viewer, conversationId, userId, 'OWNER'),
    removeMember: (viewer, conversationId, userId) => remove(viewer, conversationId, userId, managersOnly),
    leave: (viewer, conversationId) =>
      remove(
        viewer,
        conversationId,
        viewer.userId,
        'A direct or support conversation cannot be left. Archive or hide it instead.',
      ),
  }
}
