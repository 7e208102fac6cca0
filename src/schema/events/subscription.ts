import { ValidationError } from '../../domain/errors.ts'
import { readPlace } from '../../domain/streams/position.ts'
import type { LogItem } from '../../log/items.ts'
import { typesWhere, type EventType } from '../../log/event-types.ts'
import { builder } from '../building/builder.ts'
import { noteReading } from '../conversations/conversation.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { checkedMark, StreamCursorInput, toPositions } from './cursor.ts'
import { selectsResume } from './resume-marker.ts'
import { ConversationEvent, InboxEvent, MessageEvent, ReceiptEvent } from './event.ts'
import { requireId } from '../building/ids.ts'

const messageTypes = typesWhere(({ subscriptions }) => subscriptions.includes('messageEvents'))
const receiptTypes = typesWhere(({ subscriptions }) => subscriptions.includes('receiptEvents'))

const conversationArgs = {
  conversationId: { required: true, description: 'Which conversation.' },
  after: {
    description:
      'Null: live events from now on. An eventSeq: first the events after it, then live ones, without a gap or a ' +
      'repeat.',
  },
  mark: {
    description:
      'The mark of the same cursor as `after`. When another event is at that position now, as after a restored ' +
      'backup, SnapshotRequired comes first. Without a mark this is not detected.',
  },
} as const

const notAPlace = () => {
  const reason = 'Is none that this subscription gave.'
  return new ValidationError(`Last-Event-ID: ${reason}`, [{ path: ['Last-Event-ID'], reason }])
}

const follow = async (
  context: Context,
  { conversationId, after, mark }: { conversationId: string; after?: number | null; mark?: string | null },
  types?: EventType[],
) => {
  const viewer = requireViewer(context)
  const id = requireId('Conversation', conversationId)
  await noteReading(context, id)
  if (context.goOnFrom !== null) {
    const place = readPlace(context.goOnFrom)
    if (!place) throw notAPlace()
    return context.domain.streams.conversation(viewer, id, place, types)
  }
  const checked = checkedMark(['mark'], mark)
  if (after == null && checked !== null) {
    const reason = 'A mark is that of a position: give the eventSeq of the same cursor as `after`.'
    throw new ValidationError(reason, [{ path: ['mark'], reason }])
  }
  const position = after == null ? null : { eventSeq: after, mark: checked }
  return context.domain.streams.conversation(viewer, id, position, types)
}

builder.subscriptionFields((t) => ({
  conversationEvents: t.field({
    type: ConversationEvent,
    description: "All events of one conversation. Ends after the viewer's own MemberLeft.",
    args: {
      conversationId: t.arg.id(conversationArgs.conversationId),
      after: t.arg.int(conversationArgs.after),
      mark: t.arg.string(conversationArgs.mark),
    },
    subscribe: (_, args, context) => follow(context, args),
    resolve: (item: LogItem) => item,
  }),
  messageEvents: t.field({
    type: MessageEvent,
    description: 'Events about the messages of one conversation. Ends when the viewer leaves or is removed.',
    args: {
      conversationId: t.arg.id(conversationArgs.conversationId),
      after: t.arg.int(conversationArgs.after),
      mark: t.arg.string(conversationArgs.mark),
    },
    subscribe: (_, args, context) => follow(context, args, messageTypes),
    resolve: (item: LogItem) => item,
  }),
  receiptEvents: t.field({
    type: ReceiptEvent,
    description:
      'Events about receipts in one conversation: how far members have read and received. Ends when the viewer ' +
      'leaves or is removed.',
    args: {
      conversationId: t.arg.id(conversationArgs.conversationId),
      after: t.arg.int(conversationArgs.after),
      mark: t.arg.string(conversationArgs.mark),
    },
    subscribe: (_, args, context) => follow(context, args, receiptTypes),
    resolve: (item: LogItem) => item,
  }),
  inboxEvents: t.field({
    type: InboxEvent,
    description: 'Events of all conversations of the viewer, also of those joined later, and of the personal stream.',
    args: {
      after: t.arg({
        type: [StreamCursorInput],
        description:
          'Positions from which single streams continue; at most 1000. Without `resume`, streams that are not named ' +
          'start live.',
      }),
      resume: t.arg.string({
        description:
          'Resume token of the newest event, or of a page of the inbox or a resync: continues after it in all streams, ' +
          'also in those joined since.',
      }),
    },
    subscribe: (_, { after, resume }, context, info) =>
      context.domain.streams.inbox(requireViewer(context), {
        // The position that the client got last is newer than its first arguments.
        positions: context.goOnFrom === null ? toPositions('after', after ?? []) : [],
        resume: context.goOnFrom ?? resume,
        // Without a socket the token is also the id of each server-sent event.
        isTracked: selectsResume(info) || context.client.connection === null,
      }),
    resolve: (item: LogItem) => item,
  }),
  supportEvents: t.field({
    type: InboxEvent,
    description:
      'For staff: events of all support conversations, also of those opened later, whether the viewer is a member or not. ' +
      'Ends when the viewer is no longer staff. FORBIDDEN for everybody else.',
    args: {
      after: t.arg({
        type: [StreamCursorInput],
        description: 'Positions from which single support conversations continue; at most 1000. All others start live.',
      }),
      resume: t.arg.string({
        description:
          'Resume token of the newest event of this subscription, or of a page of supportQueue: continues after it in all ' +
          'support conversations, also in those opened since.',
      }),
    },
    subscribe: (_, { after, resume }, context) => {
      const viewer = requireViewer(context)
      const source = context.domain.desk.follow(viewer, {
        positions: context.goOnFrom === null ? toPositions('after', after ?? []) : [],
        resume: context.goOnFrom ?? resume ?? null,
      })
      if (viewer.role !== 'USER') context.domain.audit.staffRead(viewer, null)
      return source
    },
    resolve: (item: LogItem) => item,
  }),
}))
