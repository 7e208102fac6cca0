import { ForbiddenError, NotFoundError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { success } from './changed.ts'
import { EditPolicy } from './conversation.ts'

const SetEditPolicySuccess = success('SetEditPolicySuccess', 'The policy holds from now on, also for older messages.')

const SetEditPolicyInput = builder.inputType('SetEditPolicyInput', {
  description: 'Until when senders in a group may edit or delete their messages.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which group.' }),
    editPolicy: t.field({ type: EditPolicy, required: true, description: 'The new policy.' }),
  }),
})

const setting = refusing(NotFoundError, ForbiddenError)

builder.mutationField('setEditPolicy', (t) =>
  t.field({
    type: SetEditPolicySuccess,
    errors: setting.errors,
    description:
      'Says until when senders may edit or delete their messages. For the owner of a group: a direct conversation has no ' +
      'owner. A ConversationUpdated follows. Setting the policy that it has changes nothing.',
    args: { input: t.arg({ type: SetEditPolicyInput, required: true, description: 'Which group, and the policy.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = setting.requireId('Conversation', input.conversationId)
      const set = await context.domain.conversations.updateGroup(viewer, id, { editPolicy: input.editPolicy })
      return { conversationId: setting.granted(set) }
    },
  }),
)
