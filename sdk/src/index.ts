export { createParley, type Parley, type ParleyOptions } from './parley.ts'
export type { ConnectionStatus } from './connection/connection.ts'
export type { ConnectionState } from './connection/table.ts'
export type { SubscriptionSink } from './connection/subscription.ts'
export type { Device } from './devices/device.ts'
export type { Diagnostic, DiagnosticCounts } from './feed/diagnostics.ts'
export type { SyncState } from './feed/feed.ts'
export { apiVersion } from './health/greeting.ts'
export type { Problem } from './health/problems.ts'
export type { TypedDocument } from './requests/document.ts'
export {
  NetworkError,
  ParleyError,
  SessionEndedError,
  WrongServerError,
  isRequestError,
  type AnsweredError,
  type RequestError,
} from './requests/errors.ts'
export type { RequestOptions } from './requests/requests.ts'
export type { GetToken } from './session/given-tokens.ts'
export type { Refusal } from './requests/refusal.ts'
export type { SessionState } from './session/session.ts'
export type { BlockedSnapshot, SessionItem, Sessions, SessionsSnapshot } from './stores/account.ts'
export { indexedDbStorage } from './storage/indexed-db.ts'
export { memoryStorage } from './storage/memory.ts'
export { StorageFullError, type ParleyStorage, type Row, type TableName } from './storage/storage.ts'
export { applyEvent, applyEvents } from './replica/apply-event.ts'
export { emptyState } from './replica/state.ts'
export type {
  ConversationState,
  EntryState,
  MemberState,
  MessageState,
  ParleyEvent,
  State,
  UserState,
  ViewerState,
} from './replica/state.ts'
export type { OutgoingMessage, Target } from './stores/chat.ts'
export type { InboxItem, InboxSnapshot, Unread } from './stores/inbox.ts'
export type { MembersSnapshot, PresenceState, ReceiptsSnapshot } from './stores/people.ts'
export { derived } from './stores/derived.ts'
export { Value, type Store } from './stores/store.ts'
export type { SupportQueue, SupportQueueSnapshot } from './stores/support.ts'
export type { Delivery, GapItem, MessageItem, Timeline, TimelineItem, TimelineSnapshot } from './stores/timeline.ts'
export type { Operation } from './outbox/operations.ts'
