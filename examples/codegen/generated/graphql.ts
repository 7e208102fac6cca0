/* eslint-disable */
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
export type MakeOptional<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]?: Maybe<T[SubKey]> };
export type MakeMaybe<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]: Maybe<T[SubKey]> };
export type MakeEmpty<T extends { [key: string]: unknown }, K extends keyof T> = { [_ in K]?: never };
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A point in time: RFC 3339, UTC, millisecond precision. 2026-01-31T12:00:00.000Z */
  DateTime: { input: string; output: string; }
  /** A JSON object, such as the variables of an operation. */
  JSONObject: { input: any; output: any; }
};

/** What somebody who was invited answers. */
export type AcceptInvitationInput = {
  /** The password from now on: 8 to 256 characters. */
  password: Scalars['String']['input'];
  /** The token of the invitation. */
  token: Scalars['String']['input'];
};

/** A request to accept. */
export type AcceptRequestInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
};

/** People to add to a group. */
export type AddMembersInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
  /** Whom to add; 1 to 1000. */
  userIds: Array<Scalars['ID']['input']>;
};

/** What an API key may be used for. */
export type ApiKeyScope =
  /** Acting for people, whom the header parley-act-as names: for anybody but staff and other keys. */
  | 'ACT_AS'
  /** Beginning conversations, and changing groups and their members. */
  | 'CONVERSATIONS_WRITE'
  /** Sending, editing and deleting messages, reactions, pins, files, marks of reading. */
  | 'MESSAGES_WRITE'
  /** Queries and subscriptions, of what its person may see. */
  | 'READ'
  /** Making and changing people by upsertUser. */
  | 'USERS_WRITE';

/** Who is responsible for a support conversation. */
export type AssignSupportInput = {
  /** Which support conversation. */
  conversationId: Scalars['ID']['input'];
  /** Somebody of the staff; null when nobody is responsible. */
  userId?: InputMaybe<Scalars['ID']['input']>;
};

/** Whom to ban from which group. */
export type BanMemberInput = {
  /** True bans them; false takes that back. */
  banned: Scalars['Boolean']['input'];
  /** Which group. */
  conversationId: Scalars['ID']['input'];
  /** The person, who need not be a member. */
  userId: Scalars['ID']['input'];
};

/** Whom to block. */
export type BlockUserInput = {
  /** True blocks them; false takes that back. */
  blocked: Scalars['Boolean']['input'];
  /** The person. */
  userId: Scalars['ID']['input'];
};

/** A new password. */
export type ChangePasswordInput = {
  /** The password until now. */
  currentPassword: Scalars['String']['input'];
  /** 8 to 256 characters. */
  newPassword: Scalars['String']['input'];
};

/** From whom somebody takes something. */
export type ContactPolicy =
  /** From people whom they know; the setting says what that means. */
  | 'CONTACTS'
  /** From everybody, but for whom they have blocked. */
  | 'EVERYONE'
  /** From nobody. */
  | 'NOBODY';

/** The kinds of conversation. */
export type ConversationKind =
  /** Two people. There is one for each pair, and nobody joins or leaves it. */
  | 'DIRECT'
  /** Any number of people, with an owner. */
  | 'GROUP'
  /** A person and those of the staff who answered them. All of the staff can see it. */
  | 'SUPPORT';

/** A new key. */
export type CreateApiKeyInput = {
  /** When it ends by itself; null: never. */
  expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** One line of 1 to 64 characters, as of a person. */
  name: Scalars['String']['input'];
  /** What it may be used for; at least one. */
  scopes: Array<ApiKeyScope>;
};

/** A new group. */
export type CreateGroupInput = {
  /** Until when a sender may edit or delete a message. */
  editPolicy?: InputMaybe<EditPolicy>;
  /** People besides the viewer. At most 1000; add more later. */
  memberIds: Array<Scalars['ID']['input']>;
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
  /** One line of 1 to 120 characters (code points), not counting spaces and invisible characters at its ends, which are removed. */
  title: Scalars['String']['input'];
};

/** The subscription that the ticket is for. */
export type CreateStreamTicketInput = {
  /** Which operation, when the document has several. */
  operationName?: InputMaybe<Scalars['String']['input']>;
  /** Its document. With variables and operationName it must fit an address: 7000 bytes at most, in which a space takes one byte, other signs three, and letters of other alphabets six and more. */
  query: Scalars['String']['input'];
  /** Its variables; at most 4096 characters as JSON. */
  variables?: InputMaybe<Scalars['JSONObject']['input']>;
};

/** A file to upload. */
export type CreateUploadInput = {
  /** How many bytes it has, 1 or more. As many have to come. */
  byteSize: Scalars['Int']['input'];
  /** Its media type, like image/png. The bytes have to be of this type. */
  contentType: Scalars['String']['input'];
  /** 1 to 255 characters, without a slash. */
  fileName: Scalars['String']['input'];
};

/** A new webhook endpoint. */
export type CreateWebhookEndpointInput = {
  /** Kinds of conversations; all by default. */
  conversationKinds?: InputMaybe<Array<ConversationKind>>;
  /** Whether it gets the texts of messages and titles of conversations; false by default. */
  includeText?: InputMaybe<Scalars['Boolean']['input']>;
  /** Key of this request. */
  opKey: Scalars['String']['input'];
  /** Types of events; all but RECEIPT_ADVANCED by default. */
  types?: InputMaybe<Array<WebhookEventType>>;
  /** Where events go, of 1 to 2,000 characters: https:// or http://, on the public internet. */
  url: Scalars['String']['input'];
};

/** Whether a read or delivered position moved. */
export type CursorOutcome =
  /** It moved forward. */
  | 'ADVANCED'
  /** It was there already, or further. */
  | 'UNCHANGED';

/** A request to decline. */
export type DeclineRequestInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
};

/** A group to delete. */
export type DeleteConversationInput = {
  /** Which group. */
  conversationId: Scalars['ID']['input'];
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
};

/** A message to delete. */
export type DeleteMessageInput = {
  /** Which message. */
  messageId: Scalars['ID']['input'];
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
};

/** A webhook endpoint to delete. */
export type DeleteWebhookEndpointInput = {
  /** The endpoint. */
  endpointId: Scalars['ID']['input'];
};

/** Whether the other members have received and read a message. */
export type DeliveryStatus =
  /** All other members have received it. */
  | 'DELIVERED'
  /** All other members have read it, and let others see that. */
  | 'READ'
  /** It is stored. */
  | 'SENT';

/** The kinds of device. */
export type DeviceKind =
  /** A program on a computer. */
  | 'DESKTOP'
  /** A phone or a tablet. */
  | 'MOBILE'
  /** A browser. */
  | 'WEB';

/** A new text for a message. */
export type EditMessageInput = {
  /** When given, and the message is at another revision, the edit is refused with RevisionConflictError. */
  expectedRevision?: InputMaybe<Scalars['Int']['input']>;
  /** People whom it mentions from now on, in place of those before: at most 50 members of the conversation, or people whom it mentions already. Null leaves the mentions as they are; an empty list takes them away. */
  mentionIds?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** Which message. */
  messageId: Scalars['ID']['input'];
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
  /** 1 to 4000 characters (code points), at least one of them visible. */
  text: Scalars['String']['input'];
};

/** Until when a sender may edit or delete a message. */
export type EditPolicy =
  /** Always. */
  | 'ANYTIME'
  /** Never. */
  | 'NEVER'
  /** Until somebody else has read it and lets others see that. */
  | 'UNTIL_READ'
  /** For 15 minutes. */
  | 'WITHIN_15_MINUTES';

/** A person to erase. */
export type EraseUserInput = {
  /** Whom to erase. */
  userId: Scalars['ID']['input'];
};

/** Why a mutation was refused. */
export type ErrorCode =
  /** Nobody can log in with this account at the moment. */
  | 'ACCOUNT_SUSPENDED'
  /** The conversation takes no more messages. */
  | 'CONVERSATION_CLOSED'
  /** The viewer can see it, but may not do this. */
  | 'FORBIDDEN'
  /** Somebody else has this handle. */
  | 'HANDLE_TAKEN'
  /** The handle or the password is wrong. */
  | 'INVALID_CREDENTIALS'
  /** The message was deleted. */
  | 'MESSAGE_DELETED'
  /** The conversation's edit policy no longer allows it. */
  | 'MESSAGE_LOCKED'
  /** It does not exist, or the viewer may not see it. */
  | 'NOT_FOUND'
  /** The same key was used before with a different request. */
  | 'OP_KEY_REUSED'
  /** expectedRevision is not the current revision. */
  | 'REVISION_CONFLICT'
  /** The refresh token is unknown, expired, or was exchanged before. */
  | 'SESSION_EXPIRED'
  /** An argument is not valid; `fields` lists the invalid values, with reasons. */
  | 'VALIDATION_ERROR';

/** A sign of life from a device. */
export type HeartbeatInput = {
  /** 1 to 64 characters that the client chooses, and keeps as long as it is the same device. */
  deviceId: Scalars['String']['input'];
  /** The kind of the device. */
  kind: DeviceKind;
  /** ONLINE: the device is in use. AWAY: it is not. OFFLINE: it leaves, at once. */
  status: PresenceStatus;
};

/** A conversation to take out of the inbox. */
export type HideConversationInput = {
  /** Whether the messages up to now, or up to upToSeq, are withheld from the viewer from now on. This cannot be undone. */
  clearHistory?: InputMaybe<Scalars['Boolean']['input']>;
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
  /** The newest message that the viewer has seen. Nothing after it is withheld, and when there is something after it, the conversation stays in the inbox, as if it had come just then. With it the request can be repeated. Null for everything up to now. */
  upToSeq?: InputMaybe<Scalars['Int']['input']>;
};

/** What people who join a group may see of the messages before. */
export type HistoryVisibility =
  /** All messages. */
  | 'ALL'
  /** Only messages that were sent after they joined. */
  | 'SINCE_JOINED';

/** Which entries of the inbox. */
export type InboxFilter =
  /** Entries that are not archived, also those that a message brought back. */
  | 'ACTIVE'
  /** All entries, but for requests. */
  | 'ALL'
  /** Archived entries: no new message has come since, or the entry was muted when it came. */
  | 'ARCHIVED'
  /** Entries with unreadMentionCount > 0, also archived ones. */
  | 'MENTIONED'
  /** Conversations that people began whom the settings of the viewer do not let in, and groups to which these invited the viewer: until acceptRequest or declineRequest. They are in none of the other filters, and count nowhere. */
  | 'REQUESTS'
  /** Entries with unreadCount > 0, also archived ones. */
  | 'UNREAD';

/** A group to leave. */
export type LeaveConversationInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
};

/** The handle and the password. */
export type LoginInput = {
  /** The handle of the person; upper and lower case are the same. */
  handle: Scalars['String']['input'];
  /** The password given at registration. */
  password: Scalars['String']['input'];
};

/** Up to when. */
export type MarkAllReadInput = {
  /** Only messages sent until then; all that there are now when not given. */
  before?: InputMaybe<Scalars['DateTime']['input']>;
};

/** Up to which message the viewer's devices have received everything. */
export type MarkDeliveredInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
  /** The seq of that message; a larger number than headSeq counts as headSeq. */
  seq: Scalars['Int']['input'];
};

/** Up to which message the viewer has read. */
export type MarkReadInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
  /** The seq of that message; a larger number than headSeq counts as headSeq. */
  seq: Scalars['Int']['input'];
};

/** What a group can let its plain members do. Its owner and admins may do all of it. */
export type MemberPermission =
  /** Add people. */
  | 'ADD'
  /** Delete other people's messages. */
  | 'DELETE_OTHERS'
  /** Mention everyone at once. */
  | 'MENTION_EVERYONE'
  /** Pin messages. */
  | 'PIN'
  /** Remove plain members. */
  | 'REMOVE'
  /** Change the title. */
  | 'RENAME';

/** What a person may do in a conversation. */
export type MemberRole =
  /** May rename the group, add and remove plain members, pin messages, delete messages, and mention everyone. */
  | 'ADMIN'
  /** May read and write, and what Conversation.memberPermissions lets them do. */
  | 'MEMBER'
  /** May do everything. Each group has exactly one. */
  | 'OWNER';

/** What the viewer needs help with. */
export type OpenSupportInput = {
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
  /** One line of 1 to 120 characters (code points), not counting spaces and invisible characters at its ends, which are removed. Null for none. */
  title?: InputMaybe<Scalars['String']['input']>;
};

/** A webhook endpoint to pause. */
export type PauseWebhookEndpointInput = {
  /** The endpoint. */
  endpointId: Scalars['ID']['input'];
};

/** A message to pin or to unpin. */
export type PinMessageInput = {
  /** Which message. */
  messageId: Scalars['ID']['input'];
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
  /** Whether it is pinned from now on. */
  pinned: Scalars['Boolean']['input'];
};

/** Who sees whether a person is online, and when they last were. People who share no conversation with them never do. */
export type PresenceSharing =
  /** People with whom they share a DIRECT conversation. */
  | 'CONTACTS'
  /** Everybody with whom they share a conversation. */
  | 'EVERYONE'
  /** Nobody. */
  | 'NOBODY';

/** Whether a person is online: the best status of their devices. */
export type PresenceStatus =
  /** A device is connected, but was not used for 5 minutes, or reported AWAY. */
  | 'AWAY'
  /** No device for 30 seconds; also people who are invisible, or do not show their presence to the viewer. */
  | 'OFFLINE'
  /** A device is connected, and in use. */
  | 'ONLINE';

/** A refresh token. */
export type RefreshSessionInput = {
  /** When it is left out, the cookie parley_refresh is used. */
  refreshToken?: InputMaybe<Scalars['String']['input']>;
};

/** A new person. */
export type RegisterInput = {
  /** One line of 1 to 64 characters (code points), not counting spaces and invisible characters at its ends, which are removed. */
  displayName: Scalars['String']['input'];
  /** 3 to 32 of a-z 0-9 _ . ; unique, case-insensitive. */
  handle: Scalars['String']['input'];
  /** 8 to 256 characters. */
  password: Scalars['String']['input'];
};

/** A person to take out of a group. */
export type RemoveMemberInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
  /** Whom to remove. */
  userId: Scalars['ID']['input'];
};

/** A message to remove. */
export type RemoveMessageInput = {
  /** Which message. */
  messageId: Scalars['ID']['input'];
};

/** A new title for a group. */
export type RenameConversationInput = {
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
  /** One line of 1 to 120 characters (code points), not counting spaces and invisible characters at its ends, which are removed. */
  title: Scalars['String']['input'];
};

/** A newer token. */
export type RenewTokenInput = {
  /** The access token, without "Bearer". Of the same person. */
  token: Scalars['String']['input'];
};

/** What a webhook endpoint is to get again: exactly one of deliveryId, from and cursor. */
export type ReplayWebhookInput = {
  /** Everything after this WebhookEndpoint.cursor. */
  cursor?: InputMaybe<Scalars['String']['input']>;
  /** This delivery alone. */
  deliveryId?: InputMaybe<Scalars['ID']['input']>;
  /** The endpoint. */
  endpointId: Scalars['ID']['input'];
  /** Everything that happened at this time or later, as far as the log has it. */
  from?: InputMaybe<Scalars['DateTime']['input']>;
};

/** What a client has counted since its last report. Of what must never happen, up to 100. */
export type ReportDiagnosticsInput = {
  /** Writes that were acknowledged and whose event did not come within 10 s, while the client was live. */
  acksWithoutEvent: Scalars['Int']['input'];
  /** Events that one subscription delivered a second time. */
  duplicateEvents: Scalars['Int']['input'];
  /** Messages that were there twice, by sender and key. */
  duplicateMessages: Scalars['Int']['input'];
  /** Events that came by subscriptions, up to 1000000. */
  eventCount: Scalars['Int']['input'];
  /** Read positions that became less than they were. */
  readsWentBack: Scalars['Int']['input'];
};

/** A message that the staff should look at. */
export type ReportMessageInput = {
  /** Which message. */
  messageId: Scalars['ID']['input'];
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
  /** What is wrong with it. */
  reason: ReportReason;
  /** What there is to say about it: 1 to 1,000 characters. Required with OTHER. */
  text?: InputMaybe<Scalars['String']['input']>;
};

/** What the staff did about a report. */
export type ReportOutcome =
  /** The message was removed. */
  | 'MESSAGE_REMOVED'
  /** Nothing. */
  | 'NO_ACTION'
  /** Something else, which the note says. */
  | 'OTHER'
  /** The person was suspended. */
  | 'PERSON_SUSPENDED'
  /** The person was told to stop. */
  | 'PERSON_WARNED';

/** What is wrong with what is reported. */
export type ReportReason =
  /** It attacks somebody. */
  | 'HARASSMENT'
  /** It attacks people for what they are. */
  | 'HATE'
  /** It is against the law. */
  | 'ILLEGAL'
  /** Somebody pretends to be somebody else. */
  | 'IMPERSONATION'
  /** Something else, which the text says. */
  | 'OTHER'
  /** Somebody may hurt themselves. */
  | 'SELF_HARM'
  /** It is sexual where that is unwanted. */
  | 'SEXUAL'
  /** Advertisement, or the same again and again. */
  | 'SPAM'
  /** It threatens or praises violence. */
  | 'VIOLENCE';

/** Whether somebody has looked into a report. */
export type ReportState =
  /** Nobody has yet. */
  | 'OPEN'
  /** It is done with. */
  | 'RESOLVED';

/** A person whom the staff should look at. */
export type ReportUserInput = {
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
  /** What is wrong with them. */
  reason: ReportReason;
  /** What there is to say about it: 1 to 1,000 characters. Required with OTHER. */
  text?: InputMaybe<Scalars['String']['input']>;
  /** Who. */
  userId: Scalars['ID']['input'];
};

/** What became of a report. */
export type ResolveReportInput = {
  /** For the staff themselves: 1 to 1,000 characters. */
  note?: InputMaybe<Scalars['String']['input']>;
  /** What was done. */
  outcome: ReportOutcome;
  /** Which report. */
  reportId: Scalars['ID']['input'];
};

/** A webhook endpoint to resume. */
export type ResumeWebhookEndpointInput = {
  /** The endpoint. */
  endpointId: Scalars['ID']['input'];
};

/** A key that ends. */
export type RevokeApiKeyInput = {
  /** The key. */
  apiKeyId: Scalars['ID']['input'];
};

/** A session to end. */
export type RevokeSessionInput = {
  /** The id of one of viewer.sessions. */
  sessionId: Scalars['ID']['input'];
};

/** A key that gets another secret. */
export type RotateApiKeyInput = {
  /** The key. */
  apiKeyId: Scalars['ID']['input'];
  /** For how long the secret before goes on, 0 to 86,400; 0 when it is left out. */
  graceSeconds?: InputMaybe<Scalars['Int']['input']>;
};

/** A webhook endpoint that is to have a new secret. */
export type RotateWebhookSecretInput = {
  /** The endpoint. */
  endpointId: Scalars['ID']['input'];
  /** Key of this request: repeated with it, it makes no further secret. */
  opKey: Scalars['String']['input'];
};

/** A new message. */
export type SendMessageInput = {
  /** Files to attach, in this order: at most 10 that the viewer uploaded, each once and to one message. */
  attachmentIds?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** The key of this write: 8 to 64 characters that the client chooses. */
  clientMessageId: Scalars['String']['input'];
  /** The conversation to send it to. */
  conversationId: Scalars['ID']['input'];
  /** Whether it mentions all members. In a group, for its owner and admins. */
  mentionEveryone?: InputMaybe<Scalars['Boolean']['input']>;
  /** People whom it mentions: members of the conversation, at most 50; each counts once, however often it is given. */
  mentionIds?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** A message of the same conversation that this one answers. */
  replyToId?: InputMaybe<Scalars['ID']['input']>;
  /** 1 to 4000 characters (code points), at least one of them visible. Null only with attachments. */
  text?: InputMaybe<Scalars['String']['input']>;
};

/** Until when senders in a group may edit or delete their messages. */
export type SetEditPolicyInput = {
  /** Which group. */
  conversationId: Scalars['ID']['input'];
  /** The new policy. */
  editPolicy: EditPolicy;
};

/** What people who join a group from now on may see. */
export type SetHistoryVisibilityInput = {
  /** Which group. */
  conversationId: Scalars['ID']['input'];
  /** The new visibility. */
  historyVisibility: HistoryVisibility;
};

/** What plain members of a group may do. */
export type SetMemberPermissionsInput = {
  /** Which group. */
  conversationId: Scalars['ID']['input'];
  /** All of it: what is not in the list is no longer allowed. */
  memberPermissions: Array<MemberPermission>;
};

/** A role for a member of a group. */
export type SetMemberRoleInput = {
  /** Which group. */
  conversationId: Scalars['ID']['input'];
  /** ADMIN or MEMBER. For OWNER call transferOwnership. */
  role: MemberRole;
  /** Which member. */
  userId: Scalars['ID']['input'];
};

/** The status of a support conversation. */
export type SetSupportStatusInput = {
  /** Which support conversation. */
  conversationId: Scalars['ID']['input'];
  /** Which status it has from now on. */
  status: SupportStatus;
  /** The newest message that the viewer has seen. When its user has sent one after it, RESOLVED leaves the conversation open, as if that message had come just then. With it the request can be repeated. Null for all up to now. */
  upToSeq?: InputMaybe<Scalars['Int']['input']>;
};

/** Whether the viewer types. */
export type SetTypingInput = {
  /** In which conversation. */
  conversationId: Scalars['ID']['input'];
  /** Whether the viewer types now. */
  typing: Scalars['Boolean']['input'];
};

/** Why the events after a cursor are not available. */
export type SnapshotReason =
  /** The log no longer has the events after it. */
  | 'EXPIRED'
  /** The cursor is ahead of the stream or belongs to another history of it, or the viewer is no longer in the conversation. */
  | 'UNKNOWN_CURSOR';

/** A person to talk to. */
export type StartDirectInput = {
  /** The other person. */
  userId: Scalars['ID']['input'];
};

/** A position to continue from: the values of a StreamCursor. */
export type StreamCursorInput = {
  /** The events after this one are wanted. */
  eventSeq: Scalars['Int']['input'];
  /** The mark of the same position. Without it, a position of another history is not detected. */
  mark?: InputMaybe<Scalars['String']['input']>;
  /** The conversation's id, or that of the viewer's personal stream. */
  streamId: Scalars['ID']['input'];
};

/** Whether a support conversation needs somebody. */
export type SupportStatus =
  /** It does. */
  | 'OPEN'
  /** It is done. A message of its user opens it again. */
  | 'RESOLVED';

/** Whom to suspend, why, and for how long. */
export type SuspendUserInput = {
  /** Told to them when they log in: 1 to 1,000 characters. Null: none is told. */
  reason?: InputMaybe<Scalars['String']['input']>;
  /** When it ends by itself; null: never. */
  until?: InputMaybe<Scalars['DateTime']['input']>;
  /** The person. */
  userId: Scalars['ID']['input'];
};

/** A webhook endpoint to test. */
export type TestWebhookEndpointInput = {
  /** The endpoint. */
  endpointId: Scalars['ID']['input'];
};

/** A reaction to a message. */
export type ToggleReactionInput = {
  /** Exactly one emoji that Unicode recommends (RGI), with or without its variation selector. Each skin tone is an emoji of its own. */
  emoji: Scalars['String']['input'];
  /** Which message. */
  messageId: Scalars['ID']['input'];
  /** Whether the viewer reacts with it from now on. */
  on: Scalars['Boolean']['input'];
  /** The key of this write: 8 to 64 characters that the client chooses. */
  opKey: Scalars['String']['input'];
};

/** A new owner for a group. */
export type TransferOwnershipInput = {
  /** Which group. */
  conversationId: Scalars['ID']['input'];
  /** The member who becomes its owner. */
  userId: Scalars['ID']['input'];
};

/** Who may log in again. */
export type UnsuspendUserInput = {
  /** The person. */
  userId: Scalars['ID']['input'];
};

/** Fields that are left out do not change anything. */
export type UpdateInboxEntryInput = {
  /** Whether it is outside the ACTIVE inbox, until somebody else's message comes while it is not muted, or the viewer sends one. */
  archived?: InputMaybe<Scalars['Boolean']['input']>;
  /** Which conversation. */
  conversationId: Scalars['ID']['input'];
  /** No notifications until then; null unmutes. */
  mutedUntil?: InputMaybe<Scalars['DateTime']['input']>;
  /** Whether it comes before the others. */
  pinned?: InputMaybe<Scalars['Boolean']['input']>;
  /** Marks the messages from this seq on as unread, for the viewer only. 1 or more. */
  unreadFromSeq?: InputMaybe<Scalars['Int']['input']>;
};

/** Fields that are left out do not change anything. */
export type UpdateSettingsInput = {
  /** Who may begin a direct conversation with the viewer. CONTACTS: people with whom they are in a group. The viewer can always begin one, and those that there are go on. */
  directMessagesFrom?: InputMaybe<ContactPolicy>;
  /** Who may add the viewer to a group. CONTACTS: people to whom they have written in a direct conversation. */
  groupAdditionsFrom?: InputMaybe<ContactPolicy>;
  /** Whether others see the viewer as OFFLINE from now on, as if they had left. */
  invisible?: InputMaybe<Scalars['Boolean']['input']>;
  /** Who may see the viewer's presence. */
  presenceSharing?: InputMaybe<PresenceSharing>;
  /** Whether others may see how far the viewer has read. */
  readReceiptsEnabled?: InputMaybe<Scalars['Boolean']['input']>;
  /** Whether people whom these two settings do not let in may ask: what they begin is a request then (InboxFilter.REQUESTS), and is refused otherwise. */
  requestsEnabled?: InputMaybe<Scalars['Boolean']['input']>;
};

/** What to change of a webhook endpoint. What is left out stays as it is. */
export type UpdateWebhookEndpointInput = {
  /** Kinds of conversations. */
  conversationKinds?: InputMaybe<Array<ConversationKind>>;
  /** The endpoint. */
  endpointId: Scalars['ID']['input'];
  /** Whether it gets texts and titles. */
  includeText?: InputMaybe<Scalars['Boolean']['input']>;
  /** Types of events. */
  types?: InputMaybe<Array<WebhookEventType>>;
  /** Where events go. */
  url?: InputMaybe<Scalars['String']['input']>;
};

/** A person of the embedding product. */
export type UpsertUserInput = {
  /** Their picture, with https; empty: none; null leaves it as it is. */
  avatarUrl?: InputMaybe<Scalars['String']['input']>;
  /** What they are called: one line of 1 to 64 characters. */
  displayName: Scalars['String']['input'];
  /** Their id there, which is the subject of their tokens: 1 to 255 characters, and never another. */
  externalId: Scalars['String']['input'];
  /** For somebody new, if nobody has it; else they get another one. */
  handle?: InputMaybe<Scalars['String']['input']>;
};

/** The roles of people on this server. */
export type UserRole =
  /** Somebody who runs the server. */
  | 'ADMIN'
  /** Somebody who answers on behalf of the operator. */
  | 'STAFF'
  /** Everybody else. */
  | 'USER';

/** What became of a delivery. */
export type WebhookDeliveryState =
  /** The endpoint took it. */
  | 'DELIVERED'
  /** It failed for good. */
  | 'FAILED'
  /** It was asked for, and not attempted since. */
  | 'PENDING'
  /** It failed, and is attempted again. */
  | 'RETRYING';

/** Whether a webhook endpoint gets events. */
export type WebhookEndpointState =
  /** It gets them. */
  | 'ACTIVE'
  /** It answered 410 Gone, or is no longer in the settings of the server. */
  | 'DISABLED'
  /** By an ADMIN, or because nothing could be delivered for a day. It continues from where it was. */
  | 'PAUSED';

/** Types of events that a webhook endpoint can get. */
export type WebhookEventType =
  /** ConversationUpdated, as subscriptions have it. */
  | 'CONVERSATION_UPDATED'
  /** MemberJoined, as subscriptions have it. */
  | 'MEMBER_JOINED'
  /** MemberLeft, as subscriptions have it. */
  | 'MEMBER_LEFT'
  /** MessageDeleted, as subscriptions have it. */
  | 'MESSAGE_DELETED'
  /** MessageEdited, as subscriptions have it. */
  | 'MESSAGE_EDITED'
  /** MessageSent, as subscriptions have it. */
  | 'MESSAGE_SENT'
  /** ReactionToggled, as subscriptions have it. */
  | 'REACTION_TOGGLED'
  /** ReceiptAdvanced, as subscriptions have it. */
  | 'RECEIPT_ADVANCED'
  /** UserErased, as subscriptions have it. */
  | 'USER_ERASED';

/** Whether the write was done by this request or by an earlier one with the same key. */
export type WriteOutcome =
  /** Written now, and durable. */
  | 'ACCEPTED'
  /** Written before with the same key; this is the first answer again. */
  | 'DUPLICATE';

/** Whether a write was accepted. */
export type WriteState =
  /** It is durable. */
  | 'ACCEPTED'
  /** No write with this key was accepted: repeat it with the same key. */
  | 'UNKNOWN';

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { __typename?: 'Mutation', login: { __typename: 'AccountSuspendedError', code: ErrorCode, reason: string } | { __typename: 'InvalidCredentialsError', code: ErrorCode, reason: string } | { __typename: 'LoginSuccess', session: { __typename?: 'Session', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } } };

export type InboxQueryVariables = Exact<{ [key: string]: never; }>;


export type InboxQuery = { __typename?: 'Query', inbox: { __typename?: 'InboxConnection', nodes: Array<{ __typename?: 'InboxEntry', id: string, conversation: { __typename?: 'Conversation', id: string, title?: string | null, peer?: { __typename?: 'User', displayName: string } | null } }> } };

export type MessagePartsFragment = { __typename?: 'Message', id: string, seq: number, text?: string | null } & { ' $fragmentName'?: 'MessagePartsFragment' };

export type MessagesQueryVariables = Exact<{
  conversationId: Scalars['ID']['input'];
}>;


export type MessagesQuery = { __typename?: 'Query', conversation?: { __typename?: 'Conversation', messages: { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', eventSeq: number, mark: string }, nodes: Array<(
        { __typename?: 'Message' }
        & { ' $fragmentRefs'?: { 'MessagePartsFragment': MessagePartsFragment } }
      )> } } | null };

export type ConversationEventsSubscriptionVariables = Exact<{
  conversationId: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['Int']['input']>;
  mark?: InputMaybe<Scalars['String']['input']>;
}>;


export type ConversationEventsSubscription = { __typename?: 'Subscription', conversationEvents: { __typename: 'ConversationUpdated', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberJoined', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberLeft', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageDeleted', message: (
      { __typename?: 'Message' }
      & { ' $fragmentRefs'?: { 'MessagePartsFragment': MessagePartsFragment } }
    ), cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', message: (
      { __typename?: 'Message' }
      & { ' $fragmentRefs'?: { 'MessagePartsFragment': MessagePartsFragment } }
    ), cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', message: (
      { __typename?: 'Message' }
      & { ' $fragmentRefs'?: { 'MessagePartsFragment': MessagePartsFragment } }
    ), cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReceiptAdvanced', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', reason: SnapshotReason, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type SendMessageMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendMessageMutation = { __typename?: 'Mutation', sendMessage: { __typename: 'ConversationClosedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'SendMessageSuccess', message: (
      { __typename?: 'Message' }
      & { ' $fragmentRefs'?: { 'MessagePartsFragment': MessagePartsFragment } }
    ) } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const MessagePartsFragmentDoc = new TypedDocumentString(`
    fragment MessageParts on Message {
  id
  seq
  text
}
    `, {"fragmentName":"MessageParts"}) as unknown as TypedDocumentString<MessagePartsFragment, unknown>;
export const LoginDocument = new TypedDocumentString(`
    mutation Login($input: LoginInput!) {
  login(input: $input) {
    __typename
    ... on LoginSuccess {
      session {
        accessToken
        accessTokenExpiresAt
        refreshToken
      }
    }
    ... on Error {
      code
      reason
    }
  }
}
    `) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const InboxDocument = new TypedDocumentString(`
    query Inbox {
  inbox(first: 25) {
    nodes {
      id
      conversation {
        id
        title
        peer {
          displayName
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<InboxQuery, InboxQueryVariables>;
export const MessagesDocument = new TypedDocumentString(`
    query Messages($conversationId: ID!) {
  conversation(id: $conversationId) {
    messages(last: 50) {
      cursor {
        eventSeq
        mark
      }
      nodes {
        ...MessageParts
      }
    }
  }
}
    fragment MessageParts on Message {
  id
  seq
  text
}`) as unknown as TypedDocumentString<MessagesQuery, MessagesQueryVariables>;
export const ConversationEventsDocument = new TypedDocumentString(`
    subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {
  conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {
    __typename
    cursor {
      streamId
      eventSeq
      mark
    }
    ... on MessageSent {
      message {
        ...MessageParts
      }
    }
    ... on MessageEdited {
      message {
        ...MessageParts
      }
    }
    ... on MessageDeleted {
      message {
        ...MessageParts
      }
    }
    ... on SnapshotRequired {
      reason
    }
  }
}
    fragment MessageParts on Message {
  id
  seq
  text
}`) as unknown as TypedDocumentString<ConversationEventsSubscription, ConversationEventsSubscriptionVariables>;
export const SendMessageDocument = new TypedDocumentString(`
    mutation SendMessage($input: SendMessageInput!) {
  sendMessage(input: $input) {
    __typename
    ... on SendMessageSuccess {
      message {
        ...MessageParts
      }
    }
    ... on Error {
      code
      reason
    }
  }
}
    fragment MessageParts on Message {
  id
  seq
  text
}`) as unknown as TypedDocumentString<SendMessageMutation, SendMessageMutationVariables>;