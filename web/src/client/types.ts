import type { MessageState } from '@parley/client'

/** What the pages show, as the SDK's stores have it. */
export type {
  ConversationState,
  Delivery,
  MemberState,
  MessageItem,
  MessageState,
  PresenceState,
  TimelineItem,
  UserState,
} from '@parley/client'

export type Id = string
export type AttachmentState = MessageState['attachments'][number]
export type InboxFilter = 'ACTIVE' | 'UNREAD' | 'MENTIONED' | 'ARCHIVED'
