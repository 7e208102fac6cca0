import type { EditPolicy, HistoryVisibility, MemberRole, SupportStatus } from '../rows.ts'

/** A command with a key that the caller chose: the same key again means the same write. */
interface Keyed {
  opKey: string
  /** Hash of the request: the same key with another hash is refused. */
  hash: Buffer
}

export interface SendMessage extends Keyed {
  type: 'sendMessage'
  actorId: string
  conversationId: string
  /** Null only with attachments. */
  text: string | null
  replyToSeq: number | null
  /** Whom it mentions, each once; null when nobody. */
  mentionIds: string[] | null
  mentionEveryone: boolean
  /** Files to attach, each once; null when there are none. */
  attachmentIds: string[] | null
}

/** The same by somebody of the staff who is not a member of the support conversation. */
export interface AnswerSupport extends Omit<SendMessage, 'type'> {
  type: 'answerSupport'
}

export interface EditMessage extends Keyed {
  type: 'editMessage'
  actorId: string
  conversationId: string
  seq: number
  text: string
  expectedRevision: number | null
  /** Whom it mentions from now on, each once; null leaves that as it is. */
  mentionIds: string[] | null
}

export interface DeleteMessage extends Keyed {
  type: 'deleteMessage'
  actorId: string
  conversationId: string
  seq: number
}

export interface ToggleReaction extends Keyed {
  type: 'toggleReaction'
  actorId: string
  conversationId: string
  seq: number
  /** In its fully-qualified form. */
  emoji: string
  on: boolean
}

export interface PinMessage extends Keyed {
  type: 'pinMessage'
  actorId: string
  conversationId: string
  seq: number
  pinned: boolean
}

/** Advances a read or a delivered position; the one that does not change is 0. */
export interface AdvanceCursor {
  type: 'advanceCursor'
  actorId: string
  conversationId: string
  readSeq: number
  deliveredSeq: number
}

/** Marks conversations as read, each up to its seq in `seqs`, and to what it held at `before`, if that is given. */
export interface MarkReadIn {
  type: 'markReadIn'
  actorId: string
  conversationIds: string[]
  seqs: number[]
  before: Date | null
}

/**
 * Publishes the receipts that wait: those of one conversation, or of the conversations after one (null: from the first).
 */
export interface FlushReceipts {
  type: 'flushReceipts'
  conversationId: string | null
  afterId: string | null
  /** Milliseconds within which no conversation gets a second event of this kind. */
  pauseMs: number
}

/** Null leaves a setting as it is; `mutedUntil` counts only with `setMuted`. */
export interface UpdateEntry {
  type: 'updateEntry'
  actorId: string
  conversationId: string
  setMuted: boolean
  mutedUntil: Date | null
  archived: boolean | null
  pinned: boolean | null
  unreadFromSeq: number | null
}

export interface StartDirect {
  type: 'startDirect'
  actorId: string
  peerId: string
  /** Id of the conversation, if there is none yet. */
  newId: string
}

export interface CreateGroup extends Keyed {
  type: 'createGroup'
  actorId: string
  newId: string
  title: string
  editPolicy: EditPolicy
  memberIds: string[]
}

export interface RenameConversation {
  type: 'renameConversation'
  actorId: string
  conversationId: string
  title: string
}

/** A right of which a group decides whether plain members have it: parley_may. */
export type MemberPermission = 'ADD' | 'REMOVE' | 'RENAME' | 'PIN' | 'DELETE_OTHERS' | 'MENTION_EVERYONE'

/** Null leaves a setting as it is. */
export interface UpdateGroup {
  type: 'updateGroup'
  actorId: string
  conversationId: string
  memberPermissions: MemberPermission[] | null
  historyVisibility: HistoryVisibility | null
  editPolicy: EditPolicy | null
}

export interface AddMembers {
  type: 'addMembers'
  actorId: string
  conversationId: string
  userIds: string[]
  /** Most members that the conversation may have afterwards. */
  maxMembers: number
}

export interface HideConversation {
  type: 'hideConversation'
  actorId: string
  conversationId: string
  clearHistory: boolean
  /** What is later than this message stays; null for everything up to now. */
  upToSeq: number | null
}

export interface DeleteConversation extends Keyed {
  type: 'deleteConversation'
  actorId: string
  conversationId: string
  /** Messages that become tombstones in the transaction of the write. */
  stretch: number
}

/** OWNER hands the group over: the actor is an admin from then on. */
export interface SetRole {
  type: 'setRole'
  actorId: string
  conversationId: string
  userId: string
  role: MemberRole
}

/** A member removes another one, or leaves if the two are the same. */
export interface RemoveMember {
  type: 'removeMember'
  actorId: string
  conversationId: string
  userId: string
}

export interface EraseInConversation {
  type: 'eraseInConversation'
  actorId: string
  conversationId: string
  userId: string
  /** Messages up to this seq are tombstones already. */
  afterSeq: number
}

export interface OpenSupport extends Keyed {
  type: 'openSupport'
  actorId: string
  newId: string
  title: string | null
}

/** markRead of somebody of the staff who is not a member. */
export interface ReadSupport {
  type: 'readSupport'
  actorId: string
  conversationId: string
  readSeq: number
}

export interface AssignSupport {
  type: 'assignSupport'
  actorId: string
  conversationId: string
  /** Null: nobody. */
  assigneeId: string | null
}

export interface SetSupportStatus {
  type: 'setSupportStatus'
  actorId: string
  conversationId: string
  status: SupportStatus
  /** The newest message that the actor has seen; null for all of them. */
  upToSeq: number | null
}

/** `blocked` false takes a block back. */
export interface BlockUser {
  type: 'blockUser'
  actorId: string
  userId: string
  blocked: boolean
  /** Most people whom one person may have blocked. */
  maxBlocks: number
}

export interface AnswerRequest {
  type: 'answerRequest'
  actorId: string
  conversationId: string
  accepted: boolean
  /** Most members that the group may have afterwards. */
  maxMembers: number
}

/** `banned` false takes a ban back. */
export interface BanMember {
  type: 'banMember'
  actorId: string
  conversationId: string
  userId: string
  banned: boolean
  /** Most people whom one group may ban. */
  maxBans: number
}

/** Of somebody of the staff, who need not be a member. */
export interface ModerateMessage {
  type: 'moderateMessage'
  actorId: string
  conversationId: string
  seq: number
}

/** A write, as its SQL function takes it. */
export type Command =
  | SendMessage
  | EditMessage
  | DeleteMessage
  | ToggleReaction
  | PinMessage
  | AdvanceCursor
  | MarkReadIn
  | FlushReceipts
  | UpdateEntry
  | StartDirect
  | CreateGroup
  | RenameConversation
  | UpdateGroup
  | AddMembers
  | SetRole
  | HideConversation
  | DeleteConversation
  | RemoveMember
  | EraseInConversation
  | OpenSupport
  | AnswerSupport
  | ReadSupport
  | AssignSupport
  | SetSupportStatus
  | BlockUser
  | AnswerRequest
  | BanMember
  | ModerateMessage

export type CommandType = Command['type']
export type CommandOf<Type extends CommandType> = Extract<Command, { type: Type }>
