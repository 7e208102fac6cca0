import { z } from 'zod'
import { maxMembers } from '../../domain/conversations/conversations.ts'
import { ForbiddenError, NotFoundError, OpKeyReusedError, ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { Conversation, EditPolicy, isMember } from './conversation.ts'
import { conversationId, requireId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { idList, opKey, title, validate } from '../building/validate.ts'

interface Changed {
  conversationId: string
}

const success = (name: string, description: string) =>
  builder.objectRef<Changed>(name).implement({
    description,
    fields: (t) => ({
      conversation: t.field({
        type: Conversation,
        description: 'The conversation as it is now.',
        resolve: (changed, _, { loaders }) =>
          required(loaders.conversation.load(changed.conversationId), 'a conversation'),
      }),
    }),
  })

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

const CreateGroupInput = builder.inputType('CreateGroupInput', {
  description: 'A new group.',
  fields: (t) => ({
    title: t.string({ required: true, description: '1 to 120 characters, not of spaces alone.' }),
    memberIds: t.idList({ required: true, description: 'People besides the viewer. At most 1000; add more later.' }),
    editPolicy: t.field({
      type: EditPolicy,
      defaultValue: 'ANYTIME',
      description: 'Until when a sender may edit or delete a message.',
    }),
    opKey: t.string({ required: true, description: '8 to 64 characters of your choosing; the key of this write.' }),
  }),
})

const maxIdsAtOnce = 1_000
const conversationArg = { required: true, description: 'Which conversation.' } as const

const groupShape = z.object({ title, opKey, memberIds: idList(maxIdsAtOnce) })
const someIds = idList(maxIdsAtOnce).min(1, 'Name at least one person.')

builder.mutationFields((t) => ({
  startDirect: t.field({
    type: StartDirectSuccess,
    errors: { types: [NotFoundError, ValidationError] },
    description:
      'The conversation of the viewer and one other person; made when there is none yet. Idempotent by nature.',
    args: { input: t.arg({ type: StartDirectInput, required: true, description: 'Whom to talk to.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const peerId = requireId('User', input.userId)
      return { conversationId: await context.domain.conversations.startDirect(viewer, peerId) }
    },
  }),
  createGroup: t.field({
    type: CreateGroupSuccess,
    errors: { types: [ValidationError, NotFoundError, OpKeyReusedError] },
    description: 'Makes a group with the viewer as its owner.',
    args: { input: t.arg({ type: CreateGroupInput, required: true, description: 'The group.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const checked = validate(groupShape, 'input', input)
      const memberIds = checked.memberIds.map((id) => requireId('User', id))
      const editPolicy = input.editPolicy ?? 'ANYTIME'
      const group = { title: checked.title, opKey: checked.opKey, memberIds, editPolicy }
      return { conversationId: await context.domain.conversations.createGroup(viewer, group) }
    },
  }),
  renameConversation: t.field({
    type: RenameConversationSuccess,
    errors: { types: [NotFoundError, ForbiddenError, ValidationError] },
    description: 'Gives a group another title. For its owner and admins.',
    args: {
      conversationId: t.arg.id(conversationArg),
      title: t.arg.string({ required: true, description: '1 to 120 characters, not of spaces alone.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const newTitle = validate(title, 'title', args.title)
      const id = requireId('Conversation', args.conversationId)
      return { conversationId: await context.domain.conversations.rename(viewer, id, newTitle) }
    },
  }),
  addMembers: t.field({
    type: AddMembersSuccess,
    errors: { types: [NotFoundError, ForbiddenError, ValidationError] },
    description: `Adds people to a group, up to ${String(maxMembers)} in all; who is in it already stays. For its owner and admins.`,
    args: {
      conversationId: t.arg.id(conversationArg),
      userIds: t.arg.idList({ required: true, description: 'Whom to add; 1 to 1000.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const id = requireId('Conversation', args.conversationId)
      const given = validate(someIds, 'userIds', args.userIds)
      const userIds = given.map((user) => requireId('User', user))
      return { conversationId: await context.domain.conversations.addMembers(viewer, id, userIds) }
    },
  }),
  removeMember: t.field({
    type: RemoveMemberSuccess,
    errors: { types: [NotFoundError, ForbiddenError] },
    description:
      'Takes a person out of a group and ends what they see of it. Owners remove anybody, admins plain members.',
    args: {
      conversationId: t.arg.id(conversationArg),
      userId: t.arg.id({ required: true, description: 'Whom to remove.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const id = requireId('Conversation', args.conversationId)
      const target = requireId('User', args.userId)
      if (target === viewer.userId && (await isMember(context, { id }))) {
        throw new ForbiddenError('To go yourself, call leaveConversation.')
      }
      return { conversationId: await context.domain.conversations.removeMember(viewer, id, target) }
    },
  }),
  leaveConversation: t.field({
    type: LeaveConversationSuccess,
    errors: { types: [NotFoundError, ForbiddenError] },
    description:
      'Takes the viewer out of a group. An owner hands over to the admin, else the member, who has been there longest.',
    args: { conversationId: t.arg.id(conversationArg) },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const id = requireId('Conversation', args.conversationId)
      return { conversationId: await context.domain.conversations.leave(viewer, id) }
    },
  }),
}))
