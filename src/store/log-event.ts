import { z } from 'zod'
import {
  eventTypes,
  infoOf,
  isEventType,
  type EventDataOf,
  type EventType,
  type MessageRoleOf,
} from '../log/event-types.ts'
import type { Message } from './rows.ts'
import type { SendMessage } from './writing/commands.ts'

/** Mark of the position before the first event of a stream. */
export const startMark = '0'

interface Numbered {
  streamId: string
  seq: number
  actorId: string | null
  occurredAt: Date
  /** A few letters that only this event has. A cursor at this position with other letters is of another history. */
  mark: string
  /** Mark of the event before it, which shows that the two are of one history; null when it was not recorded. */
  markBefore: string | null
  /**
   * Messages up to this seq were withheld from some member when the event was stored or read. Undefined, as in events of a
   * process of a former version: it is not known.
   */
  historyBound?: number
  /** True for a new event of a support conversation: the desk's stream has moved with it. Not stored. */
  desk?: boolean
  /** The W3C traceparent of what published it, where that is traced. Not stored. */
  trace?: string
}

interface KnownEvent<Type extends EventType> extends Numbered {
  type: Type
  data: EventDataOf<Type>
  messageSeq: MessageRoleOf<Type> extends null ? null : number
  /** The message as it is when the event is read. */
  message: MessageRoleOf<Type> extends null ? null : Message
}

/** An event of a type that only a newer version knows: only its number is used. */
interface UnknownEvent extends Numbered {
  type: 'UNKNOWN'
  data: null
  messageSeq: null
  message: null
}

/** An event of this type. */
export type LogEventOf<Type extends EventType> = { [One in Type]: KnownEvent<One> }[Type]

/** One event of the log, together with the message it is about. */
export type LogEvent = LogEventOf<EventType> | UnknownEvent

/** One member's positions, as of `at`. */
export type ReceiptData = EventDataOf<'RECEIPT_ADVANCED'>['receipts'][number]

/** An event before its shape was checked. */
interface Raw extends Numbered {
  type: string
  data?: unknown
  message?: Message | null
}

/**
 * Checks that an event has the shape of its type. Throws an Error or a ZodError (INTERNAL for a client) when it does not:
 * no reader gets half an event.
 */
export function toLogEvent({ type, data, message = null, ...raw }: Raw): LogEvent {
  const { streamId, seq, actorId, occurredAt, mark, markBefore, historyBound, desk = false, trace } = raw
  const numbered = {
    streamId,
    seq,
    actorId,
    occurredAt,
    mark,
    markBefore,
    historyBound,
    ...(desk && { desk }),
    ...(trace !== undefined && { trace }),
  }
  if (!isEventType(type)) return { ...numbered, type: 'UNKNOWN', data: null, messageSeq: null, message: null }
  const isAboutMessage = infoOf(type).message !== null
  if (isAboutMessage && message === null) throw new Error(`event ${String(seq)} of ${streamId} has lost its message`)
  return {
    ...numbered,
    type,
    data: eventTypes[type].data.parse(data),
    messageSeq: isAboutMessage ? message?.seq : null,
    message: isAboutMessage ? message : null,
  } as LogEvent
}

const moment = z.string().transform((text) => new Date(text))

export const messageJson: z.ZodType<Message> = z.object({
  conversationId: z.string(),
  seq: z.number(),
  senderId: z.string(),
  text: z.string().nullable(),
  revision: z.number(),
  clientMessageId: z.string(),
  replyToSeq: z.number().nullable(),
  createdAt: moment,
  editedAt: moment.nullable(),
  deletedAt: moment.nullable(),
  deletedById: z.string().nullable(),
  // Null when there are none; both are missing in events of a process of the former version.
  mentionIds: z
    .array(z.string())
    .nullish()
    .transform((ids) => ids ?? []),
  mentionsEveryone: z.boolean().default(false),
  // Missing in events of a process of a former version, which had no attachments.
  attachmentCount: z.number().default(0),
})

/** An event as the write functions return it and the bus carries it. */
export const eventJson = z
  .object({
    streamId: z.string(),
    // A stream relies on this: with any other number it would look for a gap for ever.
    seq: z.int().min(1),
    type: z.string(),
    actorId: z.string().nullable(),
    occurredAt: moment,
    mark: z.string(),
    // Missing in events that a process of a former version publishes.
    markBefore: z.string().nullable().default(null),
    historyBound: z.number().optional(),
    data: z.unknown(),
    message: messageJson.nullish(),
    desk: z.boolean().optional(),
    trace: z.string().max(64).optional(),
  })
  .transform(toLogEvent)

/** The event of a message that was just sent, made from the command and the values that the database gave it. */
export function sentEvent(
  send: Pick<
    SendMessage,
    'actorId' | 'conversationId' | 'opKey' | 'text' | 'replyToSeq' | 'mentionIds' | 'mentionEveryone'
  >,
  given: { seq: number; eventSeq: number; mark: string; markBefore: string | null; atMs: number },
): LogEventOf<'MESSAGE_SENT'> {
  const at = new Date(given.atMs)
  const message: Message = {
    conversationId: send.conversationId,
    seq: given.seq,
    senderId: send.actorId,
    text: send.text,
    revision: 1,
    clientMessageId: send.opKey,
    replyToSeq: send.replyToSeq,
    createdAt: at,
    editedAt: null,
    deletedAt: null,
    deletedById: null,
    mentionIds: send.mentionIds ?? [],
    mentionsEveryone: send.mentionEveryone,
    attachmentCount: 0,
  }
  return {
    streamId: send.conversationId,
    seq: given.eventSeq,
    type: 'MESSAGE_SENT',
    actorId: send.actorId,
    messageSeq: given.seq,
    data: null,
    occurredAt: at,
    mark: given.mark,
    markBefore: given.markBefore,
    historyBound: 0,
    message,
  }
}
