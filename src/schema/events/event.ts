import { notToNotify } from '../../domain/messages/notify.ts'
import type { LogItem, LostPlace } from '../../log/cursor.ts'
import type { EventType, LogEvent } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { isViewer, isViewerAmong, requireViewer, type Context } from '../building/context.ts'
import { Conversation, isMember, shellOf } from '../conversations/conversation.ts'
import { StreamCursor } from './cursor.ts'
import { conversationId, personalStreamId } from '../building/ids.ts'
import { InboxEntry } from '../inbox/entry.ts'
import { MessageEdge, messageEdge } from '../messages/history.ts'
import { Message } from '../messages/message.ts'
import { Receipt, shownOccurredAt, shownReceipts } from '../receipts/receipt.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

/** What the log calls an event, and what clients do. */
const typeNames: Record<EventType, string> = {
  MESSAGE_SENT: 'MessageSent',
  MESSAGE_EDITED: 'MessageEdited',
  MESSAGE_DELETED: 'MessageDeleted',
  RECEIPT_ADVANCED: 'ReceiptAdvanced',
  MEMBER_JOINED: 'MemberJoined',
  MEMBER_LEFT: 'MemberLeft',
  CONVERSATION_UPDATED: 'ConversationUpdated',
  INBOX_ENTRY_CHANGED: 'InboxEntryChanged',
  USER_ERASED: 'UserErased',
}

const lostOf = (item: LogItem): LostPlace => {
  if (!item.lost) throw new Error('no lost place, but an event')
  return item.lost
}

const eventOf = (item: LogItem): LogEvent => {
  if (!item.event) throw new Error('no event, but a lost place')
  return item.event
}

const streamIdFor = (context: Context, stream: string): string =>
  isViewer(context, stream) ? personalStreamId(stream) : conversationId(stream)

const resolveType = (item: LogItem) => (item.event ? typeNames[item.event.type] : 'SnapshotRequired')

export const StreamEvent = builder.interfaceRef<LogItem>('StreamEvent').implement({
  description:
    'Something that happened, durably: numbered in its stream, kept in the log, replayed after a cursor. SnapshotRequired ' +
    'is one too, so that every event has a cursor.',
  resolveType,
  fields: (t) => ({
    cursor: t.field({
      type: StreamCursor,
      description: 'The place of this event. Keep the newest of each stream to go on from.',
      ...viewerDependent,
      resolve: (item, _, context) => {
        const { streamId } = item.event ?? lostOf(item)
        return {
          streamId: streamIdFor(context, streamId),
          eventSeq: item.event?.seq ?? lostOf(item).headEventSeq,
        }
      },
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description:
        'When it was stored; of a SnapshotRequired, when it was found to be needed. Of a ReceiptAdvanced that tells of ' +
        'nothing but the reading of people who have read receipts off: as `at` of the receipts.',
      resolve: ({ event }, _, { loaders }) => (event ? shownOccurredAt(event, loaders) : new Date()),
    }),
    resume: t.string({
      nullable: true,
      description: 'Where inboxEvents goes on in all streams at once; null elsewhere.',
      resolve: () => null,
    }),
  }),
})

const subscribed = (name: string, description: string) =>
  builder.interfaceRef<LogItem>(name).implement({ description, interfaces: [StreamEvent], resolveType })

export const ConversationEvent = subscribed('ConversationEvent', 'What can happen in a conversation.')
export const MessageEvent = subscribed('MessageEvent', 'What can happen to messages.')
export const ReceiptEvent = subscribed('ReceiptEvent', 'What can happen to receipts.')
export const InboxEvent = subscribed(
  'InboxEvent',
  'What can happen in any conversation of the viewer, and to their inbox.',
)

const ofConversation = [StreamEvent, ConversationEvent, InboxEvent]
const ofMessages = [StreamEvent, ConversationEvent, InboxEvent, MessageEvent]
const ofReceipts = [StreamEvent, ConversationEvent, InboxEvent, ReceiptEvent]
const everywhere = [StreamEvent, ConversationEvent, InboxEvent, MessageEvent, ReceiptEvent]

const messageOf = (item: LogItem) => {
  const { message } = eventOf(item)
  if (!message) throw new Error('a message event without its message')
  return message
}

const messageEvent = (name: string, description: string) =>
  builder.objectRef<LogItem>(name).implement({
    description,
    interfaces: ofMessages,
    fields: (t) => ({
      message: t.field({
        type: Message,
        description: 'The message as it is now: in a replay it may have been edited or deleted since.',
        resolve: messageOf,
      }),
    }),
  })

const MessageSent = messageEvent('MessageSent', 'Somebody sent a message. Their own read position moves to it.')
messageEvent('MessageEdited', 'A message has a new text.')
messageEvent('MessageDeleted', 'A message became a tombstone. Drop every copy of its text.')

builder.objectFields(MessageSent, (t) => ({
  edge: t.field({
    type: MessageEdge,
    description: 'The message with its place in the history, for a page of messages in a cache.',
    resolve: (item) => messageEdge(messageOf(item)),
  }),
  notify: t.boolean({
    description:
      'Whether the viewer wants to be told of it, as things are now: not of their own messages, nor in a conversation they ' +
      'have muted, unless it is DIRECT.',
    ...viewerDependent,
    resolve: async (item, _, context) => !isViewerAmong(context, await notToNotify(messageOf(item), context.loaders)),
  }),
}))

const conversationOf = (item: LogItem, load: (id: string) => Promise<ConversationRow | null>) =>
  required(load(eventOf(item).streamId), 'the conversation of an event')
type ConversationRow = typeof Conversation.$inferType

builder.objectRef<LogItem>('ReceiptAdvanced').implement({
  description: 'Members have read or got more. Positions never go back.',
  interfaces: ofReceipts,
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      description: 'Where.',
      resolve: (item, _, { loaders }) => conversationOf(item, (id) => loaders.conversation.load(id)),
    }),
    receipts: t.field({
      type: [Receipt],
      description:
        'The positions that moved, one for each member. A gathered one leaves out the reading of people who keep read ' +
        'receipts off by now.',
      resolve: async (item, _, { loaders }) => {
        const event = eventOf(item)
        const gathered = event.data?.gathered === true
        const receipts = await shownReceipts(event, loaders)
        return receipts.map((receipt) => ({ ...receipt, conversationId: event.streamId, gathered }))
      },
    }),
    gathered: t.boolean({
      description:
        'True where receipts are gathered for some seconds, in conversations of ten members or more: it then says the same ' +
        "to everybody, and has what others see of each member. Skip the viewer's own lastReadSeq there: their own position " +
        'has come at once, by InboxEntryChanged on their personal stream.',
      resolve: (item) => eventOf(item).data?.gathered === true,
    }),
  }),
})

const memberEvent = (name: string, description: string, isLeaving: boolean) =>
  builder.objectRef<LogItem>(name).implement({
    description,
    interfaces: ofConversation,
    fields: (t) => ({
      conversation: t.field({
        type: Conversation,
        description: 'Where. Who left gets its id and nothing newer.',
        ...(isLeaving && viewerDependent),
        resolve: async (item, _, context) => {
          const conversation = await conversationOf(item, (id) => context.loaders.conversation.load(id))
          const isOwnLeaving = isLeaving && isViewer(context, eventOf(item).data?.userId ?? '')
          return isOwnLeaving && !(await isMember(context, conversation)) ? shellOf(conversation) : conversation
        },
      }),
      user: t.field({
        type: User,
        description: 'Who.',
        resolve: (item, _, { loaders }) => required(loaders.user.load(eventOf(item).data?.userId ?? ''), 'a member'),
      }),
      by: t.field({
        type: User,
        nullable: true,
        description: 'Who did it; null when the person did it themselves.',
        resolve: (item, _, { loaders }) => {
          const { actorId, data } = eventOf(item)
          return actorId === null || actorId === data?.userId ? null : loaders.user.load(actorId)
        },
      }),
    }),
  })

memberEvent('MemberJoined', 'Somebody became a member.', false)
memberEvent('MemberLeft', 'Somebody left or was removed. For the one who left it is the last event.', true)

builder.objectRef<LogItem>('UserErased').implement({
  description: 'All texts of a person are gone for good. Drop every copy of what they sent here, and of their profile.',
  interfaces: ofMessages,
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who was erased; nothing of them is left but the id.',
      resolve: (item, _, { loaders }) =>
        required(loaders.user.load(eventOf(item).data?.userId ?? ''), 'an erased user'),
    }),
  }),
})

builder.objectRef<LogItem>('ConversationUpdated').implement({
  description: 'The title, or who owns it, changed.',
  interfaces: ofConversation,
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      description: 'The conversation as it is now.',
      resolve: (item, _, { loaders }) => conversationOf(item, (id) => loaders.conversation.load(id)),
    }),
  }),
})

builder.objectRef<LogItem>('InboxEntryChanged').implement({
  description: "On the viewer's personal stream: a conversation came, went, or its entry changed on another device.",
  interfaces: [StreamEvent, InboxEvent],
  fields: (t) => ({
    conversationId: t.id({
      description: 'Which conversation.',
      resolve: (item) => conversationId(eventOf(item).data?.conversationId ?? ''),
    }),
    entry: t.field({
      type: InboxEntry,
      nullable: true,
      description: 'The entry as it is now; null when the viewer is no longer in the conversation.',
      ...viewerDependent,
      resolve: (item, _, context) =>
        context.loaders.entry.load({
          viewerId: requireViewer(context).userId,
          conversationId: eventOf(item).data?.conversationId ?? '',
        }),
    }),
  }),
})

const SnapshotReason = builder.enumType('SnapshotReason', {
  description: 'Why a cursor leads nowhere.',
  values: {
    EXPIRED: { description: 'The log no longer reaches back to it.' },
    UNKNOWN_CURSOR: { description: 'It is ahead of the stream, or the viewer is no longer in the conversation.' },
  },
})

builder.objectRef<LogItem>('SnapshotRequired').implement({
  description:
    'Events between the cursor and now cannot be told. Read the conversation again and go on from its cursor. The ' +
    'subscription itself goes on, live, from `cursor`.',
  interfaces: everywhere,
  fields: (t) => ({
    streamId: t.id({
      description: 'Which stream.',
      ...viewerDependent,
      resolve: (item, _, context) => streamIdFor(context, lostOf(item).streamId),
    }),
    reason: t.field({ type: SnapshotReason, description: 'Why.', resolve: (item) => lostOf(item).reason }),
  }),
})
