import { z } from 'zod'

/** What an event has to do with a message, which comes along with it. */
export type MessageRole =
  /** It is new. */
  | 'CREATED'
  /** Something of it is another one: what was read of it before must not be shown any more. */
  | 'CHANGED'

/** Subscriptions to one conversation. inboxEvents and resync have all events of all streams of the viewer. */
export type ConversationSubscription = 'conversationEvents' | 'messageEvents' | 'receiptEvents'

export interface EventTypeInfo {
  /** Its type in the GraphQL schema. */
  graphqlName: string
  /** Whose stream it stands in. */
  stream: 'CONVERSATION' | 'PERSONAL'
  subscriptions: readonly ConversationSubscription[]
  /** Null for one that is about no message: it has none, and messageSeq is null. */
  message: MessageRole | null
  /** What it carries besides, as it is stored. */
  data: z.ZodType
  /** What earlier events are answered with may be another thing from here on, so that no older answer is shared. */
  resetsEpoch: boolean
  /** Texts are gone from the database, and from memory with this event. */
  erasesTexts: boolean
  /** Who ceases to type with it: the actor, or the user that its data names. */
  endsTypingOf: 'ACTOR' | 'USER' | null
  /** To have got it is to have got the message: it moves the delivered position of everybody but the actor. */
  countsAsDelivery: boolean
}

const nothing = z.unknown().transform(() => null)
const aboutUser = z.object({ userId: z.string() })
const moment = z.union([z.date(), z.string().transform((text) => new Date(text))])

const receipt = z.object({
  userId: z.string(),
  lastReadSeq: z.number(),
  lastDeliveredSeq: z.number(),
  at: moment,
  /** Whether lastDeliveredSeq moved with it. Not there in events of former versions. */
  delivered: z.boolean().optional(),
})

const conversationEvent = {
  stream: 'CONVERSATION',
  subscriptions: ['conversationEvents'],
  message: null,
  data: nothing,
  resetsEpoch: true,
  erasesTexts: false,
  endsTypingOf: null,
  countsAsDelivery: false,
} as const

const messageEvent = { ...conversationEvent, subscriptions: ['conversationEvents', 'messageEvents'] } as const

/**
 * Everything that tells one type of event from another. Nothing else in src/ lists types, but the resolvers of each one's
 * fields; CONTRIBUTING.md says how to add one.
 */
export const eventTypes = {
  MESSAGE_SENT: {
    ...messageEvent,
    graphqlName: 'MessageSent',
    message: 'CREATED',
    resetsEpoch: false,
    endsTypingOf: 'ACTOR',
    countsAsDelivery: true,
  },
  MESSAGE_EDITED: { ...messageEvent, graphqlName: 'MessageEdited', message: 'CHANGED' },
  MESSAGE_DELETED: { ...messageEvent, graphqlName: 'MessageDeleted', message: 'CHANGED' },
  RECEIPT_ADVANCED: {
    ...conversationEvent,
    graphqlName: 'ReceiptAdvanced',
    subscriptions: ['conversationEvents', 'receiptEvents'],
    resetsEpoch: false,
    data: z.object({
      receipts: z.array(receipt),
      /** Of several members: what others see of each, whoever reads it. */
      gathered: z.boolean().optional(),
    }),
  },
  MEMBER_JOINED: { ...conversationEvent, graphqlName: 'MemberJoined', data: aboutUser },
  MEMBER_LEFT: { ...conversationEvent, graphqlName: 'MemberLeft', data: aboutUser, endsTypingOf: 'USER' },
  CONVERSATION_UPDATED: { ...conversationEvent, graphqlName: 'ConversationUpdated' },
  INBOX_ENTRY_CHANGED: {
    ...conversationEvent,
    graphqlName: 'InboxEntryChanged',
    stream: 'PERSONAL',
    subscriptions: [],
    data: z.object({
      conversationId: z.string(),
      /** Of somebody who joined: eventSeq of the conversation's stream just before. */
      joinedEventSeq: z.number().optional(),
      /** Of somebody who left or was removed. */
      left: z.boolean().optional(),
      /** With `left`: eventSeq of the MEMBER_LEFT in the conversation's stream. Not there in events of former versions. */
      leftEventSeq: z.number().optional(),
    }),
  },
  USER_ERASED: {
    ...messageEvent,
    graphqlName: 'UserErased',
    data: aboutUser,
    erasesTexts: true,
    endsTypingOf: 'USER',
  },
} as const satisfies Record<string, EventTypeInfo>

type EventTypes = typeof eventTypes
export type EventType = keyof EventTypes
export type EventDataOf<Type extends EventType> = z.output<EventTypes[Type]['data']>
export type MessageRoleOf<Type extends EventType> = EventTypes[Type]['message']

/** Of a type that only a newer version knows: nobody is told of it here, and all that is shared or kept is done anew. */
const unknownType: EventTypeInfo = {
  ...conversationEvent,
  graphqlName: '',
  subscriptions: [],
  erasesTexts: true,
}

/** What is said of a type, whichever it is. */
export const infoOf = (type: EventType | 'UNKNOWN'): EventTypeInfo =>
  type === 'UNKNOWN' ? unknownType : eventTypes[type]

export const isEventType = (type: string): type is EventType => Object.hasOwn(eventTypes, type)

const allTypes = Object.keys(eventTypes) as EventType[]

/** The types for which something holds, in the order of the registry. */
export const typesWhere = (holds: (info: EventTypeInfo) => boolean): EventType[] =>
  allTypes.filter((type) => holds(infoOf(type)))
