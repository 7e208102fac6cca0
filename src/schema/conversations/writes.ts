import { z } from 'zod'
import { maxMembers } from '../../domain/conversations/conversations.ts'
import { ForbiddenError, NotFoundError, OpKeyReusedError, ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { refusing } from '../building/refusing.ts'
import { requireViewer } from '../building/context.ts'
import { success, type Changed } from './changed.ts'
import { EditPolicy, maySee } from './conversation.ts'
import { conversationId } from '../building/ids.ts'
import { idList, opKey, title } from '../building/validate.ts'

const StartDirectSuccess = success('StartDirectSuccess', 'The two people have a conversation.')
const CreateGroupSuccess = success('CreateGroupSuccess', 'The group exists; the viewer is its owner.')
const RenameConversationSuccess = success('RenameConversationSuccess', 'The conversation has the new title.')
const AddMembersSuccess = success('AddMembersSuccess', 'The people are members.')
const RemoveMemberSuccess = success('RemoveMemberSuccess', 'The person is no longer a member.')

const LeaveConversationSuccess = builder.objectRef<Changed>('LeaveConversationSuccess').implement({
  description: 'The viewer is no longer a member.',
  fields: (t) => ({
    conversationId: t.id({
      description: 'The conversation that was left.',
      resolve: (changed) => conversationId(changed.conversationId),
    }),
  }),
})

const StartDirectInput = builder.inputType('StartDirectInput', {
  description: 'A person to talk to.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The other person.' }) }),
})

const titleRule =
  'One line of 1 to 120 characters (code points), not counting spaces and invisible characters at its ends, ' +
  'which are removed.'

const CreateGroupInput = builder.inputType('CreateGroupInput', {
  description: 'A new group.',
  fields: (t) => ({
    title: t.string({
      required: true,
      description: titleRule,
    }),
    memberIds: t.idList({ required: true, description: 'People besides the viewer. At most 1000; add more later.' }),
    editPolicy: t.field({
      type: EditPolicy,
      defaultValue: 'ANYTIME',
      description: 'Until when a sender may edit or delete a message.',
    }),
    opKey: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
  }),
})

const conversationField = { required: true, description: 'Which conversation.' } as const

const RenameConversationInput = builder.inputType('RenameConversationInput', {
  description: 'A new title for a group.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    title: t.string({ required: true, description: titleRule }),
  }),
})

const AddMembersInput = builder.inputType('AddMembersInput', {
  description: 'People to add to a group.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    userIds: t.idList({ required: true, description: 'Whom to add; 1 to 1000.' }),
  }),
})

const RemoveMemberInput = builder.inputType('RemoveMemberInput', {
  description: 'A person to take out of a group.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    userId: t.id({ required: true, description: 'Whom to remove.' }),
  }),
})

const LeaveConversationInput = builder.inputType('LeaveConversationInput', {
  description: 'A group to leave.',
  fields: (t) => ({ conversationId: t.id(conversationField) }),
})

const maxIdsAtOnce = 1_000

const groupShape = z.object({ title, opKey, memberIds: idList(maxIdsAtOnce) })
const renameShape = z.object({ title })
const addMembersShape = z.object({ userIds: idList(maxIdsAtOnce).min(1, 'Name at least one person.') })

const starting = refusing(NotFoundError, ForbiddenError, ValidationError)
const creating = refusing(ValidationError, NotFoundError, ForbiddenError, OpKeyReusedError)
const renaming = refusing(NotFoundError, ForbiddenError, ValidationError)
const adding = refusing(NotFoundError, ForbiddenError, ValidationError)
const removing = refusing(NotFoundError, ForbiddenError)
const leaving = refusing(NotFoundError, ForbiddenError)

builder.mutationFields((t) => ({
  startDirect: t.field({
    type: StartDirectSuccess,
    errors: starting.errors,
    description:
      'Returns the direct conversation of the viewer and one other person, and creates it when there is none. ' +
      'Repeating it changes nothing. When the other one does not let the viewer begin one (ViewerSettings.directMessagesFrom), it is a request to them, or FORBIDDEN (requestsEnabled).',
    args: { input: t.arg({ type: StartDirectInput, required: true, description: 'The other person.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const peerId = starting.requireId('User', input.userId)
      return { conversationId: starting.granted(await context.domain.conversations.startDirect(viewer, peerId)) }
    },
  }),
  createGroup: t.field({
    type: CreateGroupSuccess,
    errors: creating.errors,
    description:
      'Creates a group with the viewer as its owner. Who does not let the viewer add them (ViewerSettings.groupAdditionsFrom) is invited, and a member once they accept; or it is FORBIDDEN (requestsEnabled).',
    args: { input: t.arg({ type: CreateGroupInput, required: true, description: 'The group.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const checked = creating.validate(groupShape, 'input', input)
      const memberIds = checked.memberIds.map((id) => creating.requireId('User', id))
      const editPolicy = input.editPolicy ?? 'ANYTIME'
      const group = { title: checked.title, opKey: checked.opKey, memberIds, editPolicy }
      return { conversationId: creating.granted(await context.domain.conversations.createGroup(viewer, group)) }
    },
  }),
  renameConversation: t.field({
    type: RenameConversationSuccess,
    errors: renaming.errors,
    description: 'Gives a group another title. For its owner and admins.',
    args: {
      input: t.arg({
        type: RenameConversationInput,
        required: true,
        description: 'Which conversation, and the title.',
      }),
    },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const checked = renaming.validate(renameShape, 'input', input)
      const id = renaming.requireId('Conversation', input.conversationId)
      return { conversationId: renaming.granted(await context.domain.conversations.rename(viewer, id, checked.title)) }
    },
  }),
  addMembers: t.field({
    type: AddMembersSuccess,
    errors: adding.errors,
    description: `Adds people to a group, which may have ${String(maxMembers)} members; people who are in it already stay. For its owner and admins. Who does not let the viewer add them is invited, and a member once they accept; when they take no requests, or are banned, it is FORBIDDEN.`,
    args: { input: t.arg({ type: AddMembersInput, required: true, description: 'Which group, and whom.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const checked = adding.validate(addMembersShape, 'input', input)
      const id = adding.requireId('Conversation', input.conversationId)
      const userIds = checked.userIds.map((user) => adding.requireId('User', user))
      return { conversationId: adding.granted(await context.domain.conversations.addMembers(viewer, id, userIds)) }
    },
  }),
  removeMember: t.field({
    type: RemoveMemberSuccess,
    errors: removing.errors,
    description:
      'Removes a person from a group, and ends their access to it. The owner may remove anybody, admins may remove ' +
      'plain members.',
    args: { input: t.arg({ type: RemoveMemberInput, required: true, description: 'Which group, and whom.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = removing.requireId('Conversation', input.conversationId)
      const target = removing.requireId('User', input.userId)
      if (target === viewer.userId && (await maySee(context, { id }))) {
        return removing.granted(new ForbiddenError('To go yourself, call leaveConversation.'))
      }
      return { conversationId: removing.granted(await context.domain.conversations.removeMember(viewer, id, target)) }
    },
  }),
  leaveConversation: t.field({
    type: LeaveConversationSuccess,
    errors: leaving.errors,
    description:
      'Removes the viewer from a group. When the owner leaves, the admin who joined first becomes the owner; ' +
      'without admins, the member who joined first.',
    args: { input: t.arg({ type: LeaveConversationInput, required: true, description: 'Which group.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = leaving.requireId('Conversation', input.conversationId)
      return { conversationId: leaving.granted(await context.domain.conversations.leave(viewer, id)) }
    },
  }),
}))
