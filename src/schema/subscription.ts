import type { Feed } from '../domain/feed.ts'
import type { LogItem } from '../log/cursor.ts'
import type { EventType } from '../store/rows.ts'
import { builder } from './builder.ts'
import { requireViewer, type Context } from './context.ts'
import { StreamCursorInput, toPositions } from './cursor.ts'
import { ConversationEvent, InboxEvent, MessageEvent, ReceiptEvent } from './event.ts'
import { requireId } from './ids.ts'

const messageTypes: EventType[] = ['MESSAGE_SENT', 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'USER_ERASED']
const receiptTypes: EventType[] = ['RECEIPT_ADVANCED']

/**
 * A feed as graphql-js reads it: the wanted types, each with its own loaders, since what is loaded for one event must not
 * be older than the event and a subscription lives for hours.
 */
function delivered(feed: Feed, context: Context, types: EventType[] | null): AsyncIterableIterator<LogItem> {
  const iterator: AsyncIterableIterator<LogItem> = {
    async next() {
      for (;;) {
        const { done, value } = await feed.next()
        if (done) return { done: true, value: undefined }
        if (value.event && types && !types.includes(value.event.type)) continue
        context.loaders = context.domain.loadersFor(value)
        return { done: false, value }
      }
    },
    return: () => feed.return(),
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

const conversationArgs = {
  conversationId: { required: true, description: 'Which conversation.' },
  after: {
    description:
      'Null: live from now. An eventSeq: everything after that event first, then live, without a gap or a repeat.',
  },
} as const

const follow = async (
  context: Context,
  { conversationId, after }: { conversationId: string; after?: number | null },
  types: EventType[] | null,
) => {
  const viewer = requireViewer(context)
  const id = requireId('Conversation', conversationId)
  return delivered(await context.domain.streams.conversation(viewer, id, after ?? null), context, types)
}

builder.subscriptionFields((t) => ({
  conversationEvents: t.field({
    type: ConversationEvent,
    description:
      'All that happens in one conversation. Ends after the MemberLeft of a viewer who leaves or is removed.',
    args: { conversationId: t.arg.id(conversationArgs.conversationId), after: t.arg.int(conversationArgs.after) },
    subscribe: (_, args, context) => follow(context, args, null),
    resolve: (item: LogItem) => item,
  }),
  messageEvents: t.field({
    type: MessageEvent,
    description: 'What happens to the messages of one conversation. Ends when the viewer leaves or is removed.',
    args: { conversationId: t.arg.id(conversationArgs.conversationId), after: t.arg.int(conversationArgs.after) },
    subscribe: (_, args, context) => follow(context, args, messageTypes),
    resolve: (item: LogItem) => item,
  }),
  receiptEvents: t.field({
    type: ReceiptEvent,
    description: 'Who has read how far in one conversation. Ends when the viewer leaves or is removed.',
    args: { conversationId: t.arg.id(conversationArgs.conversationId), after: t.arg.int(conversationArgs.after) },
    subscribe: (_, args, context) => follow(context, args, receiptTypes),
    resolve: (item: LogItem) => item,
  }),
  inboxEvents: t.field({
    type: InboxEvent,
    description: 'Every conversation of the viewer and the personal stream, also conversations joined later.',
    args: {
      after: t.arg({
        type: [StreamCursorInput],
        description: 'Where to go on; at most 1000 streams. Those not named start live.',
      }),
    },
    subscribe: async (_, { after }, context) => {
      const viewer = requireViewer(context)
      return delivered(await context.domain.streams.inbox(viewer, toPositions(after ?? [])), context, null)
    },
    resolve: (item: LogItem) => item,
  }),
}))
