import { z } from 'zod'

/** What an event does to the message that it carries. */
export type MessageRole =
  /** The message is new. */
  | 'CREATED'
  /** The message changed: an earlier state of it must not be shown any more. */
  | 'CHANGED'

/** Subscriptions to one conversation. inboxEvents and resync have all events of all streams of the viewer. */
export type ConversationSubscription = 'conversationEvents' | 'messageEvents' | 'receiptEvents'

export interface EventTypeInfo {
  /** Its type in the GraphQL schema. */
  graphqlName: string
  /** The kind of stream that it is appended to. */
  stream: 'CONVERSATION' | 'PERSONAL' | 'DESK'
  subscriptions: readonly ConversationSubscription[]
  /** Null for an event that is about no message; its messageSeq is null too. */
  message: MessageRole | null
  /** Its further data, as stored. */
  data: z.ZodType
  /** Results of earlier events may be different from here on, so no older result is shared. */
  resetsEpoch: boolean
  /** Whether, with these data, it erases texts in the database, so that memory must drop them too. */
  erasesTexts: (data: unknown) => boolean
  /** Who stops typing with it: the actor, or the user named in its data. */
  endsTypingOf: 'ACTOR' | 'USER' | null
  /**
   * A device that has received it has received the message: it advances the delivered position of everybody but the actor.
   */
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
  /** Whether it advanced lastDeliveredSeq. Events of former versions do not say. */
  delivered: z.boolean().optional(),
})

const updateOfConversation = z
  .object({
    /** Members whose role changed with it. */
    userIds: z.array(z.string()).default([]),
    /** The group was deleted with all its texts. */
    deleted: z.boolean().default(false),
  })
  .nullish()
  .transform((data) => data ?? { userIds: [], deleted: false })

const conversationEvent = {
  stream: 'CONVERSATION',
  subscriptions: ['conversationEvents'],
  message: null,
  data: nothing,
  resetsEpoch: true,
  erasesTexts: () => false,
  endsTypingOf: null,
  countsAsDelivery: false,
} as const

const messageEvent = { ...conversationEvent, subscriptions: ['conversationEvents', 'messageEvents'] } as const

/**
 * Everything in which the types of events differ. Besides there are the resolvers of their fields, what
 * webhooks send of each (domain/webhooks/payload.ts), and which add something alone (store/moves.ts). CONTRIBUTING.md says
 * how to add one.
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
  REACTION_TOGGLED: {
    ...messageEvent,
    graphqlName: 'ReactionToggled',
    message: 'CHANGED',
    data: z.object({
      /** Number of the emoji among those of the message; gone when the actor was erased. */
      kind: z.number().optional(),
      on: z.boolean(),
    }),
  },
  RECEIPT_ADVANCED: {
    ...conversationEvent,
    graphqlName: 'ReceiptAdvanced',
    subscriptions: ['conversationEvents', 'receiptEvents'],
    resetsEpoch: false,
    data: z.object({
      receipts: z.array(receipt),
      /** True if it has the receipts of several members, each as the other members see it. */
      gathered: z.boolean().optional(),
    }),
  },
  MEMBER_JOINED: { ...conversationEvent, graphqlName: 'MemberJoined', data: aboutUser },
  MEMBER_LEFT: {
    ...conversationEvent,
    graphqlName: 'MemberLeft',
    /** Whether they may not be added again. */
    data: aboutUser.extend({ banned: z.boolean().default(false) }),
    endsTypingOf: 'USER',
  },
  CONVERSATION_UPDATED: {
    ...conversationEvent,
    graphqlName: 'ConversationUpdated',
    data: updateOfConversation,
    erasesTexts: (data) => (data as z.output<typeof updateOfConversation>).deleted,
  },
  INBOX_ENTRY_CHANGED: {
    ...conversationEvent,
    graphqlName: 'InboxEntryChanged',
    stream: 'PERSONAL',
    subscriptions: [],
    data: z.object({
      conversationId: z.string(),
      /** For a member who joined: eventSeq of the conversation's stream just before. */
      joinedEventSeq: z.number().optional(),
      /** For a member who left or was removed. */
      left: z.boolean().optional(),
      /**
       * With `left`: eventSeq of the MEMBER_LEFT in the conversation's stream. Events of former versions do not have it.
       */
      leftEventSeq: z.number().optional(),
      /** For a member who cleared the history: messages up to this seq are withheld from them since. */
      historyFromSeq: z.number().optional(),
    }),
  },
  BLOCK_CHANGED: {
    ...conversationEvent,
    graphqlName: 'BlockChanged',
    stream: 'PERSONAL',
    subscriptions: [],
    data: aboutUser.extend({ blocked: z.boolean() }),
  },
  /** Tells readers of all support conversations which one to read on, and how far. They never get it themselves. */
  DESK_MOVED: {
    ...conversationEvent,
    graphqlName: '',
    stream: 'DESK',
    subscriptions: [],
    resetsEpoch: false,
    data: z.object({
      conversationId: z.string(),
      /** Position of the conversation's stream before these events, its mark, and position after them. */
      afterSeq: z.number(),
      markAfter: z.string(),
      upToSeq: z.number(),
    }),
  },
  USER_ERASED: {
    ...messageEvent,
    graphqlName: 'UserErased',
    data: aboutUser,
    erasesTexts: () => true,
    endsTypingOf: 'USER',
  },
} as const satisfies Record<string, EventTypeInfo>

type EventTypes = typeof eventTypes
export type EventType = keyof EventTypes
export type EventDataOf<Type extends EventType> = z.output<EventTypes[Type]['data']>
export type MessageRoleOf<Type extends EventType> = EventTypes[Type]['message']

/**
 * A type that only a newer version knows: readers here do not get it, and nothing shared or cached before it is used again.
 */
const unknownType: EventTypeInfo = {
  ...conversationEvent,
  graphqlName: '',
  subscriptions: [],
  erasesTexts: () => true,
}

/** The properties of a type, also of an unknown one. */
export const infoOf = (type: EventType | 'UNKNOWN'): EventTypeInfo =>
  type === 'UNKNOWN' ? unknownType : eventTypes[type]

export const isEventType = (type: string): type is EventType => Object.hasOwn(eventTypes, type)

const allTypes = Object.keys(eventTypes) as EventType[]

/** The types that meet a condition, in the order of the registry. */
export const typesWhere = (holds: (info: EventTypeInfo) => boolean): EventType[] =>
  allTypes.filter((type) => holds(infoOf(type)))
