import type { TypingItem } from '../../domain/typing/channel.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { conversationId, decodeGlobalId, requireId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'

const TypingChanged = builder.objectRef<TypingItem>('TypingChanged').implement({
  description: 'Somebody began or stopped typing. Sent live or not at all: it has no cursor and no replay.',
  fields: (t) => ({
    conversationId: t.id({
      description: 'In which conversation.',
      resolve: ({ event }) => conversationId(event.streamId),
    }),
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: ({ event }, _, { loaders }) => required(loaders.user.load(event.userId), 'somebody who types'),
    }),
    typing: t.boolean({ description: 'Whether they type now.', resolve: ({ event }) => event.typing }),
  }),
})

const SetTypingInput = builder.inputType('SetTypingInput', {
  description: 'Whether the viewer types.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'In which conversation.' }),
    typing: t.boolean({ required: true, description: 'Whether the viewer types now.' }),
  }),
})

builder.mutationField('setTyping', (t) =>
  t.boolean({
    description:
      'Reports whether the viewer is typing. Typing ends 6 s after the last report, with a message by the viewer, ' +
      'and when the WebSocket that it was reported through closes. Answers false when the viewer is not in the ' +
      'conversation, and when it is closed.',
    args: {
      input: t.arg({
        type: SetTypingInput,
        required: true,
        description: 'In which conversation, and whether the viewer types.',
      }),
    },
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
      'Who else is typing in one conversation: first the people who type now, then changes, at most one per second ' +
      'and person. Ends when the viewer leaves or is removed.',
    args: { conversationId: t.arg.id({ required: true, description: 'Which conversation.' }) },
    subscribe: (_, args, context) =>
      context.domain.typing.follow(requireViewer(context), requireId('Conversation', args.conversationId)),
    resolve: (item: TypingItem) => item,
  }),
)
