import type { Conversation, Member, Message, User } from './generated/prisma/client.ts'

export type { Conversation, Member, Message, User }
export type EventType =
  | 'MESSAGE_SENT'
  | 'MESSAGE_EDITED'
  | 'MESSAGE_DELETED'
  | 'RECEIPT_ADVANCED'
  | 'MEMBER_JOINED'
  | 'MEMBER_LEFT'
  | 'CONVERSATION_UPDATED'
  | 'INBOX_ENTRY_CHANGED'
  | 'USER_ERASED'

/** One member's cursors, as of `at`. */
export interface ReceiptData {
  userId: string
  lastReadSeq: number
  lastDeliveredSeq: number
  at: Date
  /** Whether lastDeliveredSeq moved with it. Not there in events of former versions. */
  delivered?: boolean
}

/** What an event carries besides its message; which of them is set follows from the type. */
export interface EventData {
  /** RECEIPT_ADVANCED */
  receipts?: ReceiptData[]
  /** RECEIPT_ADVANCED of several members: what others see of each, whoever reads it. */
  gathered?: boolean
  /** MEMBER_JOINED, MEMBER_LEFT, USER_ERASED */
  userId?: string
  /** INBOX_ENTRY_CHANGED */
  conversationId?: string
  /** INBOX_ENTRY_CHANGED of somebody who joined: eventSeq of the conversation's stream just before. */
  joinedEventSeq?: number
  /** INBOX_ENTRY_CHANGED of somebody who left or was removed. */
  left?: boolean
}

/** One event of the log, together with the message it is about, as that message is when it is read. */
export interface LogEvent {
  streamId: string
  seq: number
  type: EventType
  actorId: string | null
  messageSeq: number | null
  data: EventData | null
  occurredAt: Date
  message: Message | null
}

/** What one viewer has to do with one conversation, with the count made in the same statement. */
export interface EntryRow {
  conversation: Conversation
  member: EntryMember
  unreadCount: number
}

/** Of the viewer's own membership what an entry shows: a page of the inbox is made of many. */
export type EntryMember = Pick<Member, 'ownReadSeq' | 'mutedUntil' | 'archived' | 'pinned' | 'joinedEventSeq'>

/** Columns of each table under the names Prisma gives them, so that a row is the same whoever read it. */
const columnsOf = (names: string[]) => (alias: string, prefix: string) =>
  names
    .map(
      (name) => `${alias}.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} AS "${prefix}${name}"`,
    )
    .join(', ')

const userColumnNames =
  'id handle displayName searchName avatarUrl role readReceiptsEnabled presenceSharing invisible lastSeenAt headEventSeq floorEventSeq createdAt erasedAt erasureFinishedAt'.split(
    ' ',
  )
const conversationColumnNames =
  'id kind title editPolicy pairKey memberCount headSeq headEventSeq floorEventSeq lastActivityAt closedAt createdAt'.split(
    ' ',
  )
const memberColumnNames =
  'conversationId userId role lastReadSeq ownReadSeq lastDeliveredSeq lastSentSeq mutedUntil archived pinned joinedAt joinedEventSeq leftAt'.split(
    ' ',
  )
const messageColumnNames =
  'conversationId seq senderId text revision clientMessageId replyToSeq createdAt editedAt deletedAt deletedById'.split(
    ' ',
  )

const entryMemberColumnNames = 'ownReadSeq mutedUntil archived pinned joinedEventSeq'.split(' ')

export const userColumns = columnsOf(userColumnNames)
export const conversationColumns = columnsOf(conversationColumnNames)
export const memberColumns = columnsOf(memberColumnNames)
export const messageColumns = columnsOf(messageColumnNames)
export const entryMemberColumns = columnsOf(entryMemberColumnNames)

/**
 * The people with these ids as one JSON value: each once, however many rows of the statement show them. As an array, so that
 * they are looked up by their keys: from a table of some thousands a join would rather read them all.
 */
export const peopleOf = (ids: string) =>
  `(SELECT json_agg(p) FROM (SELECT ${userColumns('u', '')} FROM users u WHERE u.id = ANY (ARRAY(${ids}))) AS p)`

/** Takes one table's columns out of a joined row; null when the join found none (its first column is null). */
const pick = (names: string[]) => {
  // A name made anew for each value would be looked up by its letters: a fifth of the time of a page.
  const prefixed = new Map<string, { from: string; to: string }[]>()
  return (row: Record<string, unknown>, prefix: string) => {
    let columns = prefixed.get(prefix)
    if (!columns) prefixed.set(prefix, (columns = names.map((name) => ({ from: prefix + name, to: name }))))
    const [key] = columns
    if (key && row[key.from] === null) return null
    const picked: Record<string, unknown> = {}
    for (const { from, to } of columns) picked[to] = row[from]
    return picked
  }
}

export const pickConversation = pick(conversationColumnNames) as (row: object, prefix: string) => Conversation | null
export const pickMember = pick(memberColumnNames) as (row: object, prefix: string) => Member | null
export const pickEntryMember = pick(entryMemberColumnNames) as (row: object, prefix: string) => EntryMember | null
export const pickMessage = pick(messageColumnNames) as (row: object, prefix: string) => Message | null

type Json<T> = { [K in keyof T]: Date extends T[K] ? string | Exclude<T[K], Date> : T[K] }
export type MessageJson = Json<Message>
export type UserJson = Json<User>
export type EventJson = Omit<Json<LogEvent>, 'message' | 'data'> & {
  message: MessageJson | null
  data: (Omit<EventData, 'receipts'> & { receipts?: Json<ReceiptData>[] }) | null
}

const date = (value: string | null) => (value === null ? null : new Date(value))

export function parseMessage(json: MessageJson): Message {
  return {
    ...json,
    createdAt: new Date(json.createdAt),
    editedAt: date(json.editedAt),
    deletedAt: date(json.deletedAt),
  }
}

/** What `peopleOf` answers: null when there is nobody. */
export function parsePeople(people: UserJson[] | null): User[] {
  return (people ?? []).map((user) => ({
    ...user,
    lastSeenAt: date(user.lastSeenAt),
    createdAt: new Date(user.createdAt),
    erasedAt: date(user.erasedAt),
    erasureFinishedAt: date(user.erasureFinishedAt),
  }))
}

export function parseEventData(json: EventJson['data']): EventData | null {
  if (!json?.receipts) return json as EventData | null
  return { ...json, receipts: json.receipts.map((receipt) => ({ ...receipt, at: new Date(receipt.at) })) }
}

/** The event as the write functions answer it and the bus carries it. */
export function parseEvent(json: EventJson): LogEvent {
  return {
    ...json,
    occurredAt: new Date(json.occurredAt),
    data: parseEventData(json.data),
    message: json.message === null ? null : parseMessage(json.message),
  }
}

/** The event of a message that was just sent, from what was asked for and what the database gave it. */
export function sentEvent(
  send: { actorId: string; conversationId: string; opKey: string; text: string; replyToSeq: number | null },
  given: { seq: number; eventSeq: number; atMs: number },
): LogEvent {
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
  }
  return {
    streamId: send.conversationId,
    seq: given.eventSeq,
    type: 'MESSAGE_SENT',
    actorId: send.actorId,
    messageSeq: given.seq,
    data: null,
    occurredAt: at,
    message,
  }
}
