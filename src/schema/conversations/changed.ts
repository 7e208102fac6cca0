import { builder } from '../building/builder.ts'
import { required } from '../building/required.ts'
import { Conversation } from './conversation.ts'

/** What a write that changes a conversation answers. */
export interface Changed {
  conversationId: string
}

export const success = (name: string, description: string) =>
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
