import type { TypingItem } from '../../domain/typing/channel.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { conversationId, decodeGlobalId, requireId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'

const TypingChanged = builder.objectRef<TypingItem>('TypingChanged').implement({
  description: 'Somebody began or ceased to type. Told as it happens, or not at all: it has no cursor and no replay.',
  fields: (t) => ({
    conversationId: t.id({ description: 'Where.', resolve: ({ event }) => conversationId(event.streamId) }),
    user: t.field({
      type: User,
      description: 'Who.',
      resolve: ({ event }, _, { loaders }) => required(loaders.user.load(event.userId), 'somebody who types'),
    }),
    typing: t.boolean({ description: 'Whether they type now.', resolve: ({ event }) => event.typing }),
  }),
})

const SetTypingInput = builder.inputType('SetTypingInput', {
  description: 'Whether the viewer types.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Where.' }),
    typing: t.boolean({ required: true, description: 'Whether the viewer types now.' }),
  }),
})

builder.mutationField('setTyping', (t) =>
  t.boolean({
    description:
      'Says whether the viewer is typing. Typing ends by itself 6 s after it was told last, with a message of the viewer, ' +
      "and with the WebSocket it was told through. False when the conversation is not the viewer's.",
    args: { input: t.arg({ type: SetTypingInput, required: true, description: 'Where, and whether.' }) },
    resolve: (_, { input }, context) => {
      const viewer = requireViewer(context)
      const decoded = decodeGlobalId(input.conversationId)
      if (decoded?.type !== 'Conversation') return false
      return context.domain.typing.set(viewer, decoded.id, input.typing, context.client.connection)
    },
  }),
)

builder.subscriptionField('typingEvents', (t) =>
  t.field({
    type: TypingChanged,
    description:
      'Who else is typing in one conversation: those who are, then changes, at most one a second for each person. Ends when ' +
      'the viewer leaves or is removed.',
    args: { conversationId: t.arg.id({ required: true, description: 'Which conversation.' }) },
    subscribe: (_, args, context) =>
      context.domain.typing.follow(requireViewer(context), requireId('Conversation', args.conversationId)),
    resolve: (item: TypingItem) => item,
  }),
)
