import { z } from 'zod'
import type { Command, CommandType } from './commands.ts'
import { eventJson, messageJson } from '../log-event.ts'

/** The events that a write appended, to be announced. Empty for a repeated or refused write. */
const events = z.array(eventJson)
const noEvents = events.default([])

/** Why a write was refused, if the reason is the whole outcome. */
const refused = <const Why extends string>(...reasons: readonly [Why, ...Why[]]) =>
  z.object({ outcome: z.enum(reasons), events: noEvents })

const done = z.object({ outcome: z.literal('ACCEPTED'), events })

/** DUPLICATE: the key was used before for the same request, and this is the outcome of that. */
const messageWritten = z.object({
  outcome: z.enum(['ACCEPTED', 'DUPLICATE']),
  streamId: z.string(),
  eventSeq: z.number(),
  /** Mark of the event with that number. */
  mark: z.string(),
  message: messageJson,
  events,
})

/** DUPLICATE: the conversation existed already. */
const conversationMade = z.object({
  outcome: z.enum(['ACCEPTED', 'DUPLICATE']),
  conversationId: z.string(),
  events,
})

/** Of a write with a key that is about no message. */
const keyedDone = z.object({ outcome: z.enum(['ACCEPTED', 'DUPLICATE']), events })

const locked = z.object({
  outcome: z.literal('MESSAGE_LOCKED'),
  policy: z.enum(['ANYTIME', 'UNTIL_READ', 'WITHIN_15_MINUTES', 'NEVER']),
  events: noEvents,
})

const attachmentRefused = z.object({
  outcome: z.literal('ATTACHMENT_REFUSED'),
  attachmentId: z.string(),
  why: z.enum(['NOT_FOUND', 'ATTACHED', 'NOT_READY']),
  /** What is wrong with the bytes that came. */
  refusal: z.string().nullable(),
  events: noEvents,
})

const conflict = z.object({ outcome: z.literal('REVISION_CONFLICT'), message: messageJson, events: noEvents })

const advanced = z.object({
  outcome: z.enum(['ADVANCED', 'UNCHANGED']),
  lastReadSeq: z.number(),
  lastDeliveredSeq: z.number(),
  unreadCount: z.number(),
  /** The other members get the receipt later, as in every conversation of this size. */
  gathered: z.boolean().default(false),
  events,
})

const markedRead = z.object({
  outcome: z.literal('ACCEPTED'),
  /** Conversations whose position moved. */
  changed: z.number(),
  /** Conversations of which somebody else had the member's row: to be marked one by one. */
  left: z.array(z.object({ conversationId: z.string(), seq: z.number() })),
  events,
})

const flushed = z.object({
  outcome: z.literal('ACCEPTED'),
  /** The conversation after which to continue; null at the end. */
  next: z.string().nullable(),
  /** Conversations that need a flush of their own. */
  left: z.array(z.string()),
  events,
})

const sendRefused = refused(
  'NOT_FOUND',
  'REPLY_NOT_FOUND',
  'CONVERSATION_CLOSED',
  'OP_KEY_REUSED',
  'MENTION_NOT_MEMBER',
  'MENTION_EVERYONE_FORBIDDEN',
  'ATTACHMENT_NOT_FOUND',
)

/** The outcomes of each write. Any other answer of the database is a ZodError where it is parsed. */
export const outcomes = {
  sendMessage: z.discriminatedUnion('outcome', [messageWritten, sendRefused, attachmentRefused]),
  editMessage: z.discriminatedUnion('outcome', [
    messageWritten,
    locked,
    conflict,
    refused('NOT_FOUND', 'FORBIDDEN', 'MESSAGE_DELETED', 'OP_KEY_REUSED', 'MENTION_NOT_MEMBER'),
  ]),
  deleteMessage: z.discriminatedUnion('outcome', [
    messageWritten,
    locked,
    refused('NOT_FOUND', 'FORBIDDEN', 'MESSAGE_DELETED', 'OP_KEY_REUSED'),
  ]),
  toggleReaction: z.discriminatedUnion('outcome', [
    messageWritten,
    refused('NOT_FOUND', 'MESSAGE_DELETED', 'TOO_MANY_REACTIONS', 'OP_KEY_REUSED', 'CONVERSATION_CLOSED'),
  ]),
  pinMessage: z.discriminatedUnion('outcome', [
    messageWritten,
    refused('NOT_FOUND', 'FORBIDDEN', 'MESSAGE_DELETED', 'TOO_MANY_PINS', 'OP_KEY_REUSED'),
  ]),
  advanceCursor: z.discriminatedUnion('outcome', [advanced, refused('NOT_FOUND')]),
  markReadIn: markedRead,
  flushReceipts: flushed,
  updateEntry: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND')]),
  startDirect: z.discriminatedUnion('outcome', [
    conversationMade,
    refused('NOT_FOUND', 'BLOCKED_BY_ACTOR', 'DIRECT_REFUSED'),
  ]),
  createGroup: z.discriminatedUnion('outcome', [
    conversationMade,
    refused('NOT_FOUND', 'OP_KEY_REUSED', 'ADDITION_REFUSED'),
  ]),
  renameConversation: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND', 'FORBIDDEN')]),
  updateGroup: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND', 'FORBIDDEN')]),
  addMembers: z.discriminatedUnion('outcome', [
    done,
    refused('NOT_FOUND', 'FORBIDDEN', 'USER_NOT_FOUND', 'TOO_MANY_MEMBERS', 'USER_BANNED', 'ADDITION_REFUSED'),
  ]),
  hideConversation: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND')]),
  deleteConversation: z.discriminatedUnion('outcome', [keyedDone, refused('NOT_FOUND', 'FORBIDDEN', 'OP_KEY_REUSED')]),
  setRole: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND', 'FORBIDDEN', 'USER_NOT_FOUND')]),
  removeMember: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND', 'FORBIDDEN', 'USER_NOT_FOUND')]),
  eraseInConversation: done,
  openSupport: z.discriminatedUnion('outcome', [conversationMade, refused('OP_KEY_REUSED')]),
  answerSupport: z.discriminatedUnion('outcome', [
    messageWritten.extend({
      /** Milliseconds that the user waited for this answer; null unless it is the first one. */
      firstAnswerMs: z.number().nullable().default(null),
    }),
    sendRefused,
    attachmentRefused,
  ]),
  readSupport: z.discriminatedUnion('outcome', [advanced, refused('NOT_FOUND')]),
  assignSupport: z.discriminatedUnion('outcome', [
    done,
    refused('NOT_FOUND', 'FORBIDDEN', 'USER_NOT_FOUND', 'NOT_STAFF'),
  ]),
  setSupportStatus: z.discriminatedUnion('outcome', [
    done.extend({
      /** Milliseconds from the opening; null unless this resolved it for the first time. */
      resolutionMs: z.number().nullable().default(null),
    }),
    refused('NOT_FOUND', 'FORBIDDEN'),
  ]),
  banMember: z.discriminatedUnion('outcome', [
    done,
    refused('NOT_FOUND', 'FORBIDDEN', 'USER_NOT_FOUND', 'TOO_MANY_BANS'),
  ]),
  moderateMessage: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND', 'FORBIDDEN')]),
  answerRequest: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND', 'TOO_MANY_MEMBERS')]),
  blockUser: z.discriminatedUnion('outcome', [done, refused('NOT_FOUND', 'TOO_MANY_BLOCKS')]),
} satisfies Record<CommandType, z.ZodType>

/** The outcome of a write of this type. */
export type OutcomeOf<Type extends CommandType> = z.output<(typeof outcomes)[Type]>

/** The outcome of any write. */
export type Outcome = OutcomeOf<CommandType>

/**
 * Does a write. Resolves with its outcome, expected refusals included. Rejects with UNAVAILABLE when the database does not
 * answer in time: whether the write was done is unknown then, and a retry with the same key finds out. Rejects with a
 * ZodError (INTERNAL for a client) when the database answers an outcome that is not listed.
 */
export type Write = <C extends Command>(command: C) => Promise<OutcomeOf<C['type']>>
