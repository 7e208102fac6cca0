import { z } from 'zod'
import { isShown } from '../../domain/conversations/history.ts'
import {
  ForbiddenError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  ValidationError,
} from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { required } from '../building/required.ts'
import { opKey } from '../building/validate.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { accessToRead, Conversation } from '../conversations/conversation.ts'
import { Message } from './message.ts'
import { noted, success } from './written.ts'

builder.objectField(Message, 'pinnedAt', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When it was pinned in its conversation; null when it is not.',
    resolve: async ({ conversationId, seq, deletedAt }, _, { loaders }) => {
      // So looks one that is withheld, too.
      if (deletedAt !== null) return null
      const pins = await loaders.threads.pins.load(conversationId)
      return pins.find((pin) => pin.seq === seq)?.pinnedAt ?? null
    },
  }),
)

builder.objectField(Conversation, 'pinnedMessages', (t) =>
  t.field({
    type: [Message],
    description: 'The pinned messages, at most 50, newest pin first.',
    ...viewerDependent,
    resolve: async ({ id }, _, context) => {
      const { loaders } = context
      const access = await accessToRead(context, id)
      if (!access) return []
      const pins = (await loaders.threads.pins.load(id)).filter(({ seq }) => isShown(access, seq))
      const messages = await Promise.all(
        pins.map(async ({ seq }) => required(loaders.message.get({ conversationId: id, seq }), 'a pinned message')),
      )
      // Deleted between the two reads: it is not pinned any more.
      return messages.filter(({ deletedAt }) => deletedAt === null)
    },
  }),
)

const PinMessageSuccess = success(
  'PinMessageSuccess',
  'The message is pinned, or not, as requested. If it was so before, `ack` has the position at that time, as there is no ' +
    'event of it.',
)

const PinMessageInput = builder.inputType('PinMessageInput', {
  description: 'A message to pin or to unpin.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'Which message.' }),
    pinned: t.boolean({ required: true, description: 'Whether it is pinned from now on.' }),
    opKey: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
  }),
})

const pinShape = z.object({ opKey })
const pinning = refusing(NotFoundError, ForbiddenError, MessageDeletedError, OpKeyReusedError, ValidationError)

builder.mutationField('pinMessage', (t) =>
  t.field({
    type: PinMessageSuccess,
    errors: pinning.errors,
    description:
      'Pins a message in its conversation for all members, or unpins it. In a group for its owner and admins, and for others ' +
      'if memberPermissions has PIN; in a direct conversation for both. A conversation has 50 pinned messages at the most: ' +
      'one more is a ValidationError. Readers get a ConversationUpdated.',
    args: { input: t.arg({ type: PinMessageInput, required: true, description: 'Which message.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { opKey: key } = pinning.validate(pinShape, 'input', input)
      const message = pinning.requireMessageRef(input.messageId)
      const change = { message, pinned: input.pinned, opKey: key }
      return noted(context, pinning.granted(await context.domain.messages.pin(viewer, change)))
    },
  }),
)
