import { z } from 'zod'
import { ForbiddenError, NotFoundError, ValidationError } from '../../domain/errors.ts'
import type { MemberPermission as Permission } from '../../store/writing/commands.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { success } from './changed.ts'
import { Conversation } from './conversation.ts'

const MemberPermission = builder.enumType('MemberPermission', {
  description: 'What a group can let its plain members do. Its owner and admins may do all of it.',
  values: {
    ADD: { description: 'Add people.' },
    REMOVE: { description: 'Remove plain members.' },
    RENAME: { description: 'Change the title.' },
    PIN: { description: 'Pin messages.' },
    DELETE_OTHERS: { description: "Delete other people's messages." },
    MENTION_EVERYONE: { description: 'Mention everyone at once.' },
  },
})

const HistoryVisibility = builder.enumType('HistoryVisibility', {
  description: 'What people who join a group may see of the messages before.',
  values: {
    ALL: { description: 'All messages.' },
    SINCE_JOINED: { description: 'Only messages that were sent after they joined.' },
  },
})

builder.objectFields(Conversation, (t) => ({
  memberPermissions: t.field({
    type: [MemberPermission],
    description: 'What plain members may do in the group besides reading and writing; by default nothing.',
    resolve: (conversation) => conversation.memberPermissions as Permission[],
  }),
  historyVisibility: t.field({
    type: HistoryVisibility,
    description:
      'What people who join from now on may see of the messages before. Who joined earlier sees what they could see; ' +
      'InboxEntry.historyFromSeq says from where.',
    resolve: (conversation) => conversation.historyVisibility,
  }),
}))

const SetMemberPermissionsSuccess = success('SetMemberPermissionsSuccess', 'Plain members may do this from now on.')
const SetHistoryVisibilitySuccess = success(
  'SetHistoryVisibilitySuccess',
  'The visibility holds for who joins from now on.',
)

const conversationField = { required: true, description: 'Which group.' } as const

const SetMemberPermissionsInput = builder.inputType('SetMemberPermissionsInput', {
  description: 'What plain members of a group may do.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    memberPermissions: t.field({
      type: [MemberPermission],
      required: true,
      description: 'All of it: what is not in the list is no longer allowed.',
    }),
  }),
})

const SetHistoryVisibilityInput = builder.inputType('SetHistoryVisibilityInput', {
  description: 'What people who join a group from now on may see.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    historyVisibility: t.field({ type: HistoryVisibility, required: true, description: 'The new visibility.' }),
  }),
})

const maxPermissions = 100
const permissionsShape = z.object({
  memberPermissions: z.array(z.string()).max(maxPermissions, 'Name each permission once.'),
})

const permitting = refusing(NotFoundError, ForbiddenError, ValidationError)
const disclosing = refusing(NotFoundError, ForbiddenError, ValidationError)

builder.mutationFields((t) => ({
  setMemberPermissions: t.field({
    type: SetMemberPermissionsSuccess,
    errors: permitting.errors,
    description: 'Says what plain members of a group may do. For its owner. A ConversationUpdated follows.',
    args: { input: t.arg({ type: SetMemberPermissionsInput, required: true, description: 'Which group, and what.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      permitting.validate(permissionsShape, 'input', input)
      const id = permitting.requireId('Conversation', input.conversationId)
      const { memberPermissions } = input
      const updated = await context.domain.conversations.updateGroup(viewer, id, { memberPermissions })
      return { conversationId: permitting.granted(updated) }
    },
  }),
  setHistoryVisibility: t.field({
    type: SetHistoryVisibilitySuccess,
    errors: disclosing.errors,
    description:
      'Says whether people who join a group from now on may see the messages before. For its owner. Changes nothing for ' +
      'who is in it already. A ConversationUpdated follows.',
    args: { input: t.arg({ type: SetHistoryVisibilityInput, required: true, description: 'Which group, and what.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = disclosing.requireId('Conversation', input.conversationId)
      const { historyVisibility } = input
      const updated = await context.domain.conversations.updateGroup(viewer, id, { historyVisibility })
      return { conversationId: disclosing.granted(updated) }
    },
  }),
}))
