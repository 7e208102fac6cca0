import type {
  Attachment,
  Conversation,
  EditPolicy,
  HistoryVisibility,
  Member,
  MemberRole,
  Message,
  ReportOutcome,
  ReportReason,
  ReportState,
  SupportCase,
  SupportStatus,
  User,
} from './generated/prisma/client.ts'

export type {
  Attachment,
  Conversation,
  EditPolicy,
  HistoryVisibility,
  Member,
  MemberRole,
  Message,
  ReportOutcome,
  ReportReason,
  ReportState,
  SupportCase,
  SupportStatus,
  User,
}

/** One viewer's entry of one conversation, with the unread count from the same statement. */
export interface EntryRow {
  conversation: Conversation
  member: EntryMember
  unreadCount: number
  /** How many of these messages mention the viewer, or everyone. */
  unreadMentionCount: number
}

/** The columns of the viewer's membership that an entry shows: a page of the inbox has many. */
export type EntryMember = Pick<
  Member,
  'ownReadSeq' | 'mutedUntil' | 'archived' | 'pinned' | 'joinedEventSeq' | 'historyFromSeq' | 'hidden' | 'requested'
>

/** Columns of each table under the names that Prisma gives them, so that a row is the same whichever code reads it. */
const columnsOf = (names: string[]) => (alias: string, prefix: string) =>
  names
    .map(
      (name) => `${alias}.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} AS "${prefix}${name}"`,
    )
    .join(', ')

const userColumnNames =
  'id handle displayName searchName avatarUrl role readReceiptsEnabled presenceSharing directMessagesFrom groupAdditionsFrom requestsEnabled invisible lastSeenAt headEventSeq headMark floorEventSeq floorMark createdAt erasedAt erasureFinishedAt'.split(
    ' ',
  )
const conversationColumnNames =
  'id kind title editPolicy pairKey memberCount headSeq headEventSeq headMark floorEventSeq floorMark lastActivityAt closedAt createdAt memberPermissions historyVisibility historyBoundSeq deletedAt'.split(
    ' ',
  )
const memberColumnNames =
  'conversationId userId role lastReadSeq ownReadSeq lastDeliveredSeq lastSentSeq mutedUntil archived pinned joinedAt joinedEventSeq leftAt historyFromSeq hidden requested'.split(
    ' ',
  )
const messageColumnNames =
  'conversationId seq senderId text revision clientMessageId replyToSeq createdAt editedAt deletedAt deletedById mentionIds mentionsEveryone attachmentCount'.split(
    ' ',
  )

const supportCaseColumnNames =
  'conversationId userId status assigneeId isAnswered queueAt seenSeq lastUserSeq lastStaffSeq staffReadSeq staffToldSeq firstAnsweredAt firstResolvedAt resolvedAt'.split(
    ' ',
  )

const attachmentColumnNames =
  'id uploaderId fileName contentType byteSize createdAt uploadUntil expiresAt hash refusal width height blurHash conversationId messageSeq place'.split(
    ' ',
  )
const entryMemberColumnNames =
  'ownReadSeq mutedUntil archived pinned joinedEventSeq historyFromSeq hidden requested'.split(' ')

export const userColumns = columnsOf(userColumnNames)
export const conversationColumns = columnsOf(conversationColumnNames)
export const memberColumns = columnsOf(memberColumnNames)
/** What a tombstone shows instead, where `c` is the conversation's row. */
const ofTombstone = (m: string, c: string): Record<string, string> => ({
  text: 'NULL',
  deletedAt: `coalesce(${m}.deleted_at, ${c}.deleted_at)`,
  deletedById: `coalesce(${m}.deleted_by_id, ${c}.deleted_by_id)`,
  mentionIds: 'NULL',
  mentionsEveryone: 'false',
  attachmentCount: '0',
})
/**
 * Columns of a message as it is to be shown: those of a deleted conversation are tombstones from the commit on, also while the
 * texts of a long one are still being removed (texts_left_seq). `c` is the conversation's row, or one of nulls.
 */
export function shownMessageColumns(m: string, c: string, prefix: string): string {
  const instead = ofTombstone(m, c)
  return messageColumnNames
    .map((name) => {
      const [column = ''] = columnsOf([name])(m, '').split(' AS ')
      const shown = instead[name]
      const value = shown ? `CASE WHEN ${m}.seq <= ${c}.texts_left_seq THEN ${shown} ELSE ${column} END` : column
      return `${value} AS "${prefix}${name}"`
    })
    .join(', ')
}
export const supportCaseColumns = columnsOf(supportCaseColumnNames)
export const attachmentColumns = columnsOf(attachmentColumnNames)
export const entryMemberColumns = columnsOf(entryMemberColumnNames)

/**
 * The people with these ids as one JSON value: each once, however many rows of the statement show them. The ids are an
 * array, so that each is looked up by its key: for a table of some thousand rows a join would read them all.
 */
export const peopleOf = (ids: string) =>
  `(SELECT json_agg(p) FROM (SELECT ${userColumns('u', '')} FROM users u WHERE u.id = ANY (ARRAY(${ids}))) AS p)`

/** Takes one table's columns out of a joined row; null when the join found none (its first column is null). */
const pick = (names: string[]) => {
  // Building a name for each value, and looking it up by its letters, took a fifth of the time of a page.
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
export const pickSupportCase = pick(supportCaseColumnNames) as (row: object, prefix: string) => SupportCase | null
export const pickEntryMember = pick(entryMemberColumnNames) as (row: object, prefix: string) => EntryMember | null
const pickMessageRow = pick(messageColumnNames) as (row: object, prefix: string) => Message | null
export function pickMessage(row: object, prefix: string): Message | null {
  const message = pickMessageRow(row, prefix)
  // Stored as null where there are none, which takes no room.
  if (message) (message as { mentionIds: string[] | null }).mentionIds ??= []
  return message
}

type Json<T> = { [K in keyof T]: Date extends T[K] ? string | Exclude<T[K], Date> : T[K] }
export type UserJson = Json<User>
const date = (value: string | null) => (value === null ? null : new Date(value))

/** Parses what `peopleOf` returns: null when there is nobody. */
export function parsePeople(people: UserJson[] | null): User[] {
  return (people ?? []).map((user) => ({
    ...user,
    lastSeenAt: date(user.lastSeenAt),
    createdAt: new Date(user.createdAt),
    erasedAt: date(user.erasedAt),
    erasureFinishedAt: date(user.erasureFinishedAt),
  }))
}
