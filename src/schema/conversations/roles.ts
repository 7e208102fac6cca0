import { ForbiddenError, NotFoundError, ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { success } from './changed.ts'
import { MemberRole } from './member.ts'

const SetMemberRoleSuccess = success('SetMemberRoleSuccess', 'The member has the role.')
const TransferOwnershipSuccess = success(
  'TransferOwnershipSuccess',
  'The member is the owner, and the former owner an admin.',
)

const conversationField = { required: true, description: 'Which group.' } as const

const SetMemberRoleInput = builder.inputType('SetMemberRoleInput', {
  description: 'A role for a member of a group.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    userId: t.id({ required: true, description: 'Which member.' }),
    role: t.field({
      type: MemberRole,
      required: true,
      description: 'ADMIN or MEMBER. For OWNER call transferOwnership.',
    }),
  }),
})

const TransferOwnershipInput = builder.inputType('TransferOwnershipInput', {
  description: 'A new owner for a group.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    userId: t.id({ required: true, description: 'The member who becomes its owner.' }),
  }),
})

const promoting = refusing(NotFoundError, ForbiddenError, ValidationError)
const transferring = refusing(NotFoundError, ForbiddenError, ValidationError)

builder.mutationFields((t) => ({
  setMemberRole: t.field({
    type: SetMemberRoleSuccess,
    errors: promoting.errors,
    description:
      'Makes a member of a group an admin, or an admin a plain member. For its owner. A ConversationUpdated with ' +
      'changedMembers follows.',
    args: { input: t.arg({ type: SetMemberRoleInput, required: true, description: 'Which member, and the role.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = promoting.requireId('Conversation', input.conversationId)
      const userId = promoting.requireId('User', input.userId)
      const { conversations } = context.domain
      return { conversationId: promoting.granted(await conversations.setRole(viewer, id, userId, input.role)) }
    },
  }),
  transferOwnership: t.field({
    type: TransferOwnershipSuccess,
    errors: transferring.errors,
    description:
      'Makes another member the owner of a group, in which there is always one, and the viewer an admin. For its owner. ' +
      'A ConversationUpdated with changedMembers follows.',
    args: { input: t.arg({ type: TransferOwnershipInput, required: true, description: 'Which group, and to whom.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = transferring.requireId('Conversation', input.conversationId)
      const userId = transferring.requireId('User', input.userId)
      const { conversations } = context.domain
      return { conversationId: transferring.granted(await conversations.transferOwnership(viewer, id, userId)) }
    },
  }),
}))
