// What every reader makes of its format, and what the writer takes: people, conversations, and messages in order.

export const formats = [
  ...(['slack', 'mattermost', 'zulip', 'rocketchat', 'telegram', 'whatsapp', 'discord', 'matrix'] as const),
  ...(['messenger', 'googlechat', 'teams', 'parley'] as const),
]
export type Format = (typeof formats)[number]

/** Why an entry of the source is no message. */
export type SkipReason =
  | 'SYSTEM'
  | 'CALL'
  | 'EMPTY'
  | 'DUPLICATE'
  | 'HISTORY_COPY'
  | 'DELETED'
  | 'UNSUPPORTED'
  | 'UNDECRYPTABLE'
  | 'ENCRYPTED'
  | 'ROOM_TYPE'
  | 'NO_AUTHOR'
  | 'NO_CONVERSATION'
  | 'EDIT_APPLIED'
  | 'EDIT_BY_OTHER'
  | 'FILE_CONVERSATION'
  | 'NOT_A_MESSAGE_FILE'

/** Why the bytes of an attachment are not in the export. */
export type MissingReason =
  'NOT_IN_EXPORT' | 'REMOTE' | 'DELETED' | 'PLAN_LIMIT' | 'NO_ACCESS' | 'UNAVAILABLE' | 'TOO_LARGE'

/** As Parley's own export has it: times as ISO texts, people by their keys, which are their ids. */
export interface OwnPerson {
  avatarUrl: string | null
  createdAt: string
  erasedAt: string | null
  settings: Record<string, unknown> | null
}

export interface OwnMember {
  role: 'OWNER' | 'ADMIN' | 'MEMBER'
  joinedAt: string
  leftAt: string | null
  /** Positions and marks of their inbox. */
  own: Record<string, unknown> | null
}

export interface OwnConversation {
  kind: 'DIRECT' | 'GROUP' | 'SUPPORT'
  editPolicy: string
  historyVisibility: string
  memberPermissions: string[]
  createdAt: string
  lastActivityAt: string
  closedAt: string | null
  support: { userId: string; status: string; resolvedAt: string | null } | null
  members: Map<string, OwnMember>
}

export interface OwnMessage {
  revision: number
  revisions: { revision: number; text: string; editedAt: string }[]
  deletedAt: string | null
  deletedById: string | null
}

export interface OwnReceipt {
  conversationId: string
  userId: string
  upToSeq: number
  readAt: string
}

export interface OwnBlock {
  blockerId: string
  blockedId: string
  createdAt: string
}

/** What follows the messages, in parts. */
export interface Afterwards {
  receipts: () => AsyncIterable<OwnReceipt[]>
  blocks: () => AsyncIterable<OwnBlock[]>
}

/** Who wrote, is a member or reacted, or is in the source's list of people. */
export interface ImportedUser {
  key: string
  handle: string | null
  name: string | null
  email: string | null
  bot: boolean
  /** False: deactivated at the source. */
  active: boolean
  /** No list of people has them, only messages do. */
  placeholder: boolean
  /** What only Parley's own export says. Not printed. */
  own?: OwnPerson
}

export interface ImportedReaction {
  /** The characters, or `:name:` for an emoji that only the source has. */
  emoji: string
  by: string[]
  /** May exceed by: some sources count people whom they do not name. */
  count: number
}

export interface ImportedAttachment {
  name: string | null
  mime: string | null
  byteSize: number | null
  /** Path in the export, id or address. */
  ref: string | null
  /** Null when the bytes are in the export. */
  missing: MissingReason | null
  /** Where the bytes are, as a path of the source, when that is not ref. Not printed. */
  path?: string
  /** Where who may see it there finds it, when ref is no address. Not printed. */
  link?: string
  /** Of an attachment that Parley exported: it keeps it. Not printed. */
  id?: string
}

export interface ImportedMessage {
  key: string
  /** Null when the source hides who it was. */
  author: string | null
  /** Null once deleted. */
  text: string | null
  sentAtMs: number
  /** Key of a message of the same conversation. */
  replyTo: string | null
  edited: boolean
  editedAtMs: number | null
  deleted: boolean
  reactions: ImportedReaction[]
  attachments: ImportedAttachment[]
  topic?: string
  /** Keys of people. Not printed, as the two below. */
  mentions?: string[]
  mentionsEveryone?: boolean
  /** When it was pinned, or when it was sent if the source does not say. */
  pinnedAtMs?: number
  own?: OwnMessage
}

/** However many, read one after the other, as often as somebody wants to. */
export interface Records<T> extends Iterable<T> {
  readonly count: number
}

export type ConversationKind = 'DIRECT' | 'GROUP' | 'SELF'

export interface ImportedConversation {
  key: string
  kind: ConversationKind
  title: string | null
  private: boolean
  archived: boolean
  members: string[]
  /** In order. */
  messages: Records<ImportedMessage>
  own?: OwnConversation
}

/** Where in the source an entry stands. */
export interface Place {
  file: string
  /** Line or, in a JSON file, number of the entry, from 1 on. */
  entry?: number
}

export interface Skipped {
  key: string
  reason: SkipReason
  place: Place
}

export interface Warning {
  text: string
  place: Place
}

/** What the person tells the importer and the files cannot say. */
export interface ReadOptions {
  timeZone?: string
  dateOrder?: DateOrder
  title?: string
  kind?: ConversationKind
}

export type DateOrder = 'DMY' | 'MDY' | 'YMD'

export interface Imported {
  format: Format
  options: ReadOptions
  /** Which of several sources of this format it is, where the keys alone do not tell. */
  origin: string | null
  users: ImportedUser[]
  conversations: ImportedConversation[]
  /** By key and reason. */
  skipped: Records<Skipped>
  skippedByReason: ReadonlyMap<SkipReason, number>
  warnings: Records<Warning>
  /** Messages and skipped entries: what the source has. */
  entriesRead: number
  attachments: { count: number; missing: number }
  /** Whether the source hides who wrote some message. */
  hasHidden: boolean
  afterwards?: Afterwards
  /** Nothing of it can be read after that. */
  close: () => void
}

/** What the person can mend: said as it is, without a stack. */
export class ImportError extends Error {}
