import { timeMs } from '../../clock.ts'
import { eventTypes, infoOf, type ConversationSubscription, type EventType } from '../../log/event-types.ts'
import type { EventItem, LogItem, LostPlace } from '../../log/items.ts'
import type { LogEventOf } from '../../store/log-event.ts'
import { builder } from '../building/builder.ts'
import { isViewer, type Context } from '../building/context.ts'
import { StreamCursor } from './cursor.ts'
import { resumeMarker } from './resume-marker.ts'
import { conversationId, personalStreamId } from '../building/ids.ts'
import { shownOccurredAt } from '../receipts/receipt.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

const lostOf = (item: LogItem): LostPlace => {
  if (!item.lost) throw new Error('no lost place, but an event')
  return item.lost
}

const streamIdFor = (context: Context, stream: string): string =>
  isViewer(context, stream) ? personalStreamId(stream) : conversationId(stream)

const resolveType = (item: LogItem) => (item.event ? infoOf(item.event.type).graphqlName : 'SnapshotRequired')

export const StreamEvent = builder.interfaceRef<LogItem>('StreamEvent').implement({
  description:
    'A durable event: numbered in its stream, kept in the log, replayed after a cursor. SnapshotRequired is one ' +
    'too, so that every event has a cursor.',
  resolveType,
  fields: (t) => ({
    cursor: t.field({
      type: StreamCursor,
      description: 'The position of this event. Keep the newest of each stream, to continue from it.',
      ...viewerDependent,
      resolve: (item, _, context) => {
        const { streamId } = item.event ?? lostOf(item)
        return {
          streamId: streamIdFor(context, streamId),
          eventSeq: item.event?.seq ?? lostOf(item).headEventSeq,
          mark: item.event?.mark ?? lostOf(item).headMark,
        }
      },
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description:
        'When the event was stored; for a SnapshotRequired, when the server found that one is needed. For a ' +
        'ReceiptAdvanced whose receipts are all of people with read receipts off: the same as `at` of these receipts.',
      resolve: ({ event }, _, { loaders }) => (event ? shownOccurredAt(event, loaders) : new Date(timeMs())),
    }),
    resume: t.string({
      nullable: true,
      description:
        'Resume token; null outside inboxEvents and supportEvents. Keep the newest one, and pass it to inboxEvents(resume) ' +
        'or resync(resume) to continue after this event in all streams of the viewer, also in new ones. Opaque; ' +
        'usually shorter than 256 characters, for any number of conversations.',
      resolve: ({ resume }) => (resume === undefined ? null : resumeMarker),
    }),
  }),
})

const subscribed = (name: string, description: string) =>
  builder.interfaceRef<LogItem>(name).implement({ description, interfaces: [StreamEvent], resolveType })

export const ConversationEvent = subscribed('ConversationEvent', 'Events of a conversation.')
export const MessageEvent = subscribed('MessageEvent', 'Events about messages.')
export const ReceiptEvent = subscribed('ReceiptEvent', 'Events about receipts.')
export const InboxEvent = subscribed('InboxEvent', 'Events of all conversations of the viewer, and of their inbox.')

const interfaceOf: Record<ConversationSubscription, typeof ConversationEvent> = {
  conversationEvents: ConversationEvent,
  messageEvents: MessageEvent,
  receiptEvents: ReceiptEvent,
}

/** The interfaces that a type of event implements, by the subscriptions that deliver it. */
export const interfacesOf = (type: EventType) => [
  StreamEvent,
  InboxEvent,
  ...eventTypes[type].subscriptions.map((subscription) => interfaceOf[subscription]),
]

/** The GraphQL type of one type of event, to be implemented in its noun's folder. */
export const eventRef = <Type extends EventType>(type: Type) =>
  builder.objectRef<EventItem<LogEventOf<Type>>>(eventTypes[type].graphqlName)

const SnapshotReason = builder.enumType('SnapshotReason', {
  description: 'Why the events after a cursor are not available.',
  values: {
    EXPIRED: { description: 'The log no longer has the events after it.' },
    UNKNOWN_CURSOR: {
      description:
        'The cursor is ahead of the stream or belongs to another history of it, or the viewer is no longer in the ' +
        'conversation.',
    },
  },
})

builder.objectRef<LogItem>('SnapshotRequired').implement({
  description:
    'The events between the cursor and now are not available. Read the conversation again and continue from its cursor. ' +
    'The subscription itself continues live, from `cursor`.',
  interfaces: [StreamEvent, InboxEvent, ConversationEvent, MessageEvent, ReceiptEvent],
  fields: (t) => ({
    streamId: t.id({
      description: 'The id of the stream.',
      ...viewerDependent,
      resolve: (item, _, context) => streamIdFor(context, lostOf(item).streamId),
    }),
    reason: t.field({
      type: SnapshotReason,
      description: 'Why the events are not available.',
      resolve: (item) => lostOf(item).reason,
    }),
  }),
})
