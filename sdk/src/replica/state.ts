import type {
  EntryFieldsFragment,
  SettingsFieldsFragment,
  SyncConversationFragment,
  SyncInboxEventsSubscription,
  SyncMemberFragment,
  SyncMessageFragment,
  SyncResyncQuery,
  SyncUserFragment,
  UserRole,
} from '../generated/graphql.ts'
import { Table } from './table.ts'
import { emptyTimeline, type TimelineState } from './timeline.ts'

export type Id = string

/** An event of inboxEvents, supportEvents or resync, as sdk/documents/sync.graphql selects it. */
export type ParleyEvent =
  SyncInboxEventsSubscription['inboxEvents'] | SyncResyncQuery['resync']['streams'][number]['events'][number]

export type UserState = Omit<SyncUserFragment, '__typename'>
export type SettingsState = Omit<SettingsFieldsFragment, '__typename'>
export type ReactionState = { emoji: string; count: number; viewerReacted: boolean }
export type AttachmentState = Omit<SyncMessageFragment['attachments'][number], '__typename'>

export interface MessageState extends Omit<
  SyncMessageFragment,
  '__typename' | 'replyTo' | 'sender' | 'mentions' | 'reactions' | 'attachments'
> {
  sender: UserState
  mentions: readonly UserState[]
  reactions: readonly ReactionState[]
  attachments: readonly AttachmentState[]
  /** The message itself is in the timeline, when it is known. */
  replyTo: { id: Id; seq: number } | null
}

export interface MemberState {
  user: UserState
  /** Null where it is not known yet. */
  role: SyncMemberFragment['role'] | null
  joinedAt: string | null
  lastReadSeq: number | null
  lastDeliveredSeq: number | null
  /** They have left: an older page may still list them. */
  hasLeft: boolean
}

/** The viewer's inbox entry. */
export interface EntryState extends Omit<EntryFieldsFragment, '__typename'> {
  /** The counts are those of the messages that are here. Otherwise they are the server's, and may be older. */
  isCounted: boolean
}

export interface PinState {
  id: Id
  seq: number
  pinnedAt: string | null
}

/** What of a conversation changes by ConversationUpdated alone. */
export type ConversationFields = Omit<
  SyncConversationFragment,
  | '__typename'
  | 'id'
  | 'cursor'
  | 'headSeq'
  | 'lastActivityAt'
  | 'memberCount'
  | 'readByAllSeq'
  | 'deliveredToAllSeq'
  | 'pinnedMessages'
  | 'peer'
  | 'assignee'
> & { peer: UserState | null; assignee: UserState | null }

export interface ConversationState {
  id: Id
  fields: ConversationFields
  pins: readonly PinState[]
  headSeq: number
  /** The newest message that came by its event; 0: none yet. An answer may be ahead of the events. */
  arrivedSeq: number
  lastActivityAt: string
  memberCount: number
  /** The viewer's messages up to here are READ, and up to the next DELIVERED. */
  readByAllSeq: number
  deliveredToAllSeq: number
  /** Everything up to this event is in the copy. */
  cursor: { eventSeq: number; mark: string }
  /** Null for staff who are not a member. */
  entry: EntryState | null
  /** A page that was read before this event is of no use: what it shows may be gone. */
  pagesFrom: number
  /** Position of the personal stream of which the entry is. */
  entryAsOf: number
  /** Events up to this one do not move the viewer's own read position: the entry includes them. */
  ownAsOf: number
  /** The newest event that moved it, or the reading: an entry of before that does not move it back. */
  ownMovedAt: number
  /** People who are known, also former members. */
  members: Table<MemberState>
  /** Where the next page of members begins; null: there is none. Undefined: no page was read. */
  membersAfter: string | null | undefined
  /** The newest message, for the inbox; null when there is none, or when it is not known. */
  lastMessage: MessageState | null
  /** Counts of answers to messages that are not here, by seq. */
  replyCounts: Readonly<Record<number, number>>
  /** What has to be asked for, as no event says it. */
  needs: { entry: boolean; members: boolean; whole: boolean }
}

export interface ViewerState {
  user: UserState & { role: UserRole }
  settings: SettingsState
  /** The server's, until the whole inbox is here. */
  unreadConversationCount: number
  unansweredCount: number
}

/** Whom the viewer has blocked. */
export interface BlocksState {
  /** The newest block first. */
  users: readonly UserState[]
  /** Whose block was taken back while the list is being read: an older page still has them. */
  released: readonly Id[]
  /** Where the next page begins; null: all are here. Undefined: no page was read. */
  after?: string | null
}

/** A client's copy. Never changed: each change gives another state, which shares what is as before. */
export interface State {
  viewerId: Id
  viewer: ViewerState | null
  /** The position of the feed: everything up to it is in this state. */
  resume: string | null
  /** As resume, of supportEvents. */
  supportResume: string | null
  /** The personal stream and the position in it; null and 0: unknown. */
  personalId: Id | null
  personalSeq: number
  conversations: Table<ConversationState>
  /** The messages of conversations; absent: not loaded from the storage, or none known. */
  timelines: Table<TimelineState>
  /** Events that came for conversations that are not here: what is read of them must be at least as new. */
  missed: Readonly<Record<Id, { eventSeq: number; personalSeq: number }>>
  /** Where the next page of the inbox begins; null: all of it is here. Undefined: no page was read. */
  inboxAfter: string | null | undefined
  blocks: BlocksState
}

export const emptyState = (viewerId: Id): State => ({
  viewerId,
  viewer: null,
  resume: null,
  supportResume: null,
  personalId: null,
  personalSeq: 0,
  conversations: Table.empty,
  timelines: Table.empty,
  missed: {},
  inboxAfter: undefined,
  blocks: { users: [], released: [] },
})

export const timelineOf = (state: State, conversationId: Id): TimelineState =>
  state.timelines.get(conversationId) ?? emptyTimeline
