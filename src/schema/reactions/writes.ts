import { z } from 'zod'
import {
  ConversationClosedError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  ValidationError,
} from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { opKey } from '../building/validate.ts'
import { noted, success } from '../messages/written.ts'
import { reactionEmoji } from './emoji.ts'

const ToggleReactionSuccess = success(
  'ToggleReactionSuccess',
  'The reaction is as requested. If it was so before, `ack` has the position at that time, as there is no event of it.',
)

const ToggleReactionInput = builder.inputType('ToggleReactionInput', {
  description: 'A reaction to a message.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'Which message.' }),
    emoji: t.string({
      required: true,
      description:
        'Exactly one emoji that Unicode recommends (RGI), with or without its variation selector. Each skin tone is an ' +
        'emoji of its own.',
    }),
    on: t.boolean({ required: true, description: 'Whether the viewer reacts with it from now on.' }),
    opKey: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
  }),
})

const toggleShape = z.object({ emoji: reactionEmoji, opKey })
const toggling = refusing(
  NotFoundError,
  ValidationError,
  MessageDeletedError,
  OpKeyReusedError,
  ConversationClosedError,
)

builder.mutationField('toggleReaction', (t) =>
  t.field({
    type: ToggleReactionSuccess,
    errors: toggling.errors,
    description:
      'Adds a reaction of the viewer to a message, or takes it back. A message can have 20 different emoji. It is no ' +
      'activity: no conversation moves up, and nothing becomes unread.',
    args: { input: t.arg({ type: ToggleReactionInput, required: true, description: 'The reaction.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { emoji, opKey: key } = toggling.validate(toggleShape, 'input', input)
      const message = toggling.requireMessageRef(input.messageId)
      const change = { message, emoji, on: input.on, opKey: key }
      return noted(context, toggling.granted(await context.domain.reactions.toggle(viewer, change)))
    },
  }),
)
