import { z } from 'zod'
import { ForbiddenError, NotFoundError, OpKeyReusedError, ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { opKey, seq } from '../building/validate.ts'
import { success } from './changed.ts'
import { maySee, showShell } from './conversation.ts'

const HideConversationSuccess = success(
  'HideConversationSuccess',
  "The conversation is out of the viewer's inbox, on all their devices.",
)
const DeleteConversationSuccess = success(
  'DeleteConversationSuccess',
  'The group is closed for all its members, and its texts are gone.',
)

const HideConversationInput = builder.inputType('HideConversationInput', {
  description: 'A conversation to take out of the inbox.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    clearHistory: t.boolean({
      defaultValue: false,
      description:
        'Whether the messages up to now, or up to upToSeq, are withheld from the viewer from now on. This cannot be undone.',
    }),
    upToSeq: t.int({
      description:
        'The newest message that the viewer has seen. Nothing after it is withheld, and when there is something after it, ' +
        'the conversation stays in the inbox, as if it had come just then. With it the request can be repeated. Null for ' +
        'everything up to now.',
    }),
  }),
})

const DeleteConversationInput = builder.inputType('DeleteConversationInput', {
  description: 'A group to delete.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which group.' }),
    opKey: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
  }),
})

const hideShape = z.object({ clearHistory: z.boolean().nullish(), upToSeq: seq.nullish() })
const deleteShape = z.object({ opKey })

const hiding = refusing(NotFoundError, ForbiddenError, ValidationError)
const deleting = refusing(NotFoundError, ForbiddenError, ValidationError, OpKeyReusedError)

builder.mutationFields((t) => ({
  hideConversation: t.field({
    type: HideConversationSuccess,
    errors: hiding.errors,
    description:
      'Takes a conversation out of the inbox of the viewer, and out of all counts, until the next message comes, whoever ' +
      'sends it. Others do not learn of it. With clearHistory nothing up to now is shown to the viewer again, on any ' +
      'device; upToSeq says up to where. An InboxEntryChanged follows.',
    args: {
      input: t.arg({ type: HideConversationInput, required: true, description: 'Which conversation, and how.' }),
    },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = hiding.requireId('Conversation', input.conversationId)
      const { clearHistory, upToSeq } = hiding.validate(hideShape, 'input', input)
      const what = { clearHistory: clearHistory ?? false, upToSeq: upToSeq ?? null }
      const hidden = await context.domain.inbox.hide(viewer, id, what)
      return { conversationId: hiding.granted(hidden) }
    },
  }),
  deleteConversation: t.field({
    type: DeleteConversationSuccess,
    errors: deleting.errors,
    description:
      'Deletes a group. For its owner. It is closed for all: nothing more can be sent or changed in it, and every message ' +
      'becomes a tombstone. Members still see it so, and can leave or hide it. A ConversationUpdated with closedAt and ' +
      'deletedAt follows.',
    args: { input: t.arg({ type: DeleteConversationInput, required: true, description: 'Which group.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { opKey: key } = deleting.validate(deleteShape, 'input', input)
      const id = deleting.requireId('Conversation', input.conversationId)
      deleting.granted(await context.domain.deletion.remove(viewer, id, key))
      // A repeated request of an owner who has left since.
      if (!(await maySee(context, { id }))) await showShell(context, id)
      return { conversationId: id }
    },
  }),
}))
