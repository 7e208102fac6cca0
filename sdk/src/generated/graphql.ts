import { asDocument } from '../requests/document.ts';
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

export type AttachmentFieldsFragment = { __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null };

export type CreateUploadMutationVariables = Exact<{
  input: CreateUploadInput;
}>;


export type CreateUploadMutation = { __typename?: 'Mutation', createUpload: { __typename: 'CreateUploadSuccess', uploadUrl: string, method: string, expiresAt: string, attachment: { __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }, headers: Array<{ __typename?: 'HttpHeader', name: string, value: string }> } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type MessageAttachmentsQueryVariables = Exact<{
  id: Scalars['ID']['input'];
}>;


export type MessageAttachmentsQuery = { __typename?: 'Query', node: { __typename: 'ActiveSession', id: string } | { __typename: 'ApiKey', id: string } | { __typename: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null } | { __typename: 'Conversation', id: string } | { __typename: 'InboxEntry', id: string } | { __typename: 'Member', id: string } | { __typename: 'Message', id: string, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } | { __typename: 'Report', id: string } | { __typename: 'User', id: string } | { __typename: 'Viewer', id: string } | { __typename: 'WebhookDelivery', id: string } | { __typename: 'WebhookEndpoint', id: string } | null };

export type BlockUserMutationVariables = Exact<{
  input: BlockUserInput;
}>;


export type BlockUserMutation = { __typename?: 'Mutation', blockUser: { __typename: 'BlockUserSuccess', user: { __typename?: 'User', blocked: boolean, id: string, handle: string, displayName: string, avatarUrl: string | null } } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type BlockedUsersQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type BlockedUsersQuery = { __typename?: 'Query', viewer: { __typename?: 'Viewer', id: string, blockedUsers: { __typename?: 'UserConnection', nodes: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } } };

export type InboxQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<InboxFilter>;
}>;


export type InboxQuery = { __typename?: 'Query', inbox: { __typename?: 'InboxConnection', resume: string, edges: Array<{ __typename?: 'InboxEdge', cursor: string, node: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, lastMessage: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type ConversationQueryVariables = Exact<{
  id: Scalars['ID']['input'];
}>;


export type ConversationQuery = { __typename?: 'Query', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, viewerEntry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } | null };

export type MembersQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type MembersQuery = { __typename?: 'Query', conversation: { __typename?: 'Conversation', members: { __typename?: 'MemberConnection', nodes: Array<{ __typename?: 'Member', id: string, role: MemberRole, joinedAt: string, lastReadSeq: number, lastDeliveredSeq: number, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } } | null };

export type StartDirectMutationVariables = Exact<{
  input: StartDirectInput;
}>;


export type StartDirectMutation = { __typename?: 'Mutation', startDirect: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'StartDirectSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type CreateGroupMutationVariables = Exact<{
  input: CreateGroupInput;
}>;


export type CreateGroupMutation = { __typename?: 'Mutation', createGroup: { __typename: 'CreateGroupSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type RenameConversationMutationVariables = Exact<{
  input: RenameConversationInput;
}>;


export type RenameConversationMutation = { __typename?: 'Mutation', renameConversation: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'RenameConversationSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type AddMembersMutationVariables = Exact<{
  input: AddMembersInput;
}>;


export type AddMembersMutation = { __typename?: 'Mutation', addMembers: { __typename: 'AddMembersSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type RemoveMemberMutationVariables = Exact<{
  input: RemoveMemberInput;
}>;


export type RemoveMemberMutation = { __typename?: 'Mutation', removeMember: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'RemoveMemberSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } };

export type LeaveConversationMutationVariables = Exact<{
  input: LeaveConversationInput;
}>;


export type LeaveConversationMutation = { __typename?: 'Mutation', leaveConversation: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'LeaveConversationSuccess', conversationId: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } };

export type UpdateInboxEntryMutationVariables = Exact<{
  input: UpdateInboxEntryInput;
}>;


export type UpdateInboxEntryMutation = { __typename?: 'Mutation', updateInboxEntry: { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'UpdateInboxEntrySuccess', entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type ReportDiagnosticsMutationVariables = Exact<{
  input: ReportDiagnosticsInput;
}>;


export type ReportDiagnosticsMutation = { __typename?: 'Mutation', reportDiagnostics: boolean };

export type ConversationEventsSubscriptionVariables = Exact<{
  conversationId: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['Int']['input']>;
  mark?: InputMaybe<Scalars['String']['input']>;
}>;


export type ConversationEventsSubscription = { __typename?: 'Subscription', conversationEvents: { __typename: 'ConversationUpdated', occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberJoined', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberLeft', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageDeleted', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReceiptAdvanced', gathered: boolean, occurredAt: string, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type MessageEventsSubscriptionVariables = Exact<{
  conversationId: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['Int']['input']>;
  mark?: InputMaybe<Scalars['String']['input']>;
}>;


export type MessageEventsSubscription = { __typename?: 'Subscription', messageEvents: { __typename: 'MessageDeleted', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type ReceiptEventsSubscriptionVariables = Exact<{
  conversationId: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['Int']['input']>;
  mark?: InputMaybe<Scalars['String']['input']>;
}>;


export type ReceiptEventsSubscription = { __typename?: 'Subscription', receiptEvents: { __typename: 'ReceiptAdvanced', gathered: boolean, occurredAt: string, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type InboxEventsSubscriptionVariables = Exact<{
  after?: InputMaybe<Array<StreamCursorInput> | StreamCursorInput>;
  resume?: InputMaybe<Scalars['String']['input']>;
}>;


export type InboxEventsSubscription = { __typename?: 'Subscription', inboxEvents: { __typename: 'BlockChanged', resume: string | null, blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ConversationUpdated', resume: string | null, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'InboxEntryChanged', resume: string | null, conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberJoined', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberLeft', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageDeleted', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', resume: string | null, emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReceiptAdvanced', resume: string | null, gathered: boolean, occurredAt: string, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', resume: string | null, streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type ResyncQueryVariables = Exact<{
  cursors?: InputMaybe<Array<StreamCursorInput> | StreamCursorInput>;
  limit?: InputMaybe<Scalars['Int']['input']>;
  resume?: InputMaybe<Scalars['String']['input']>;
}>;


export type ResyncQuery = { __typename?: 'Query', resync: { __typename?: 'ResyncPayload', resume: string, viewerCursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, streams: Array<{ __typename?: 'StreamResync', streamId: string, hasMore: boolean, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, events: Array<{ __typename: 'BlockChanged', blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ConversationUpdated', occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'InboxEntryChanged', conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberJoined', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberLeft', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageDeleted', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReceiptAdvanced', gathered: boolean, occurredAt: string, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }> }> } };

export type CreateStreamTicketMutationVariables = Exact<{
  input: CreateStreamTicketInput;
}>;


export type CreateStreamTicketMutation = { __typename?: 'Mutation', createStreamTicket: { __typename: 'CreateStreamTicketSuccess', ticket: string, search: string, expiresAt: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type CursorFieldsFragment = { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string };

export type UserFieldsFragment = { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null };

export type MessageFieldsFragment = { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> };

export type ConversationFieldsFragment = { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null };

export type EntryFieldsFragment = { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean };

export type AckFieldsFragment = { __typename?: 'WriteAck', outcome: WriteOutcome, opKey: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type ErrorFields_AccountSuspendedError_Fragment = { __typename?: 'AccountSuspendedError', code: ErrorCode, reason: string };

type ErrorFields_ConversationClosedError_Fragment = { __typename?: 'ConversationClosedError', code: ErrorCode, reason: string };

type ErrorFields_ForbiddenError_Fragment = { __typename?: 'ForbiddenError', code: ErrorCode, reason: string };

type ErrorFields_HandleTakenError_Fragment = { __typename?: 'HandleTakenError', code: ErrorCode, reason: string };

type ErrorFields_InvalidCredentialsError_Fragment = { __typename?: 'InvalidCredentialsError', code: ErrorCode, reason: string };

type ErrorFields_MessageDeletedError_Fragment = { __typename?: 'MessageDeletedError', code: ErrorCode, reason: string };

type ErrorFields_MessageLockedError_Fragment = { __typename?: 'MessageLockedError', code: ErrorCode, reason: string };

type ErrorFields_NotFoundError_Fragment = { __typename?: 'NotFoundError', code: ErrorCode, reason: string };

type ErrorFields_OpKeyReusedError_Fragment = { __typename?: 'OpKeyReusedError', code: ErrorCode, reason: string };

type ErrorFields_RevisionConflictError_Fragment = { __typename?: 'RevisionConflictError', code: ErrorCode, reason: string };

type ErrorFields_SessionExpiredError_Fragment = { __typename?: 'SessionExpiredError', code: ErrorCode, reason: string };

type ErrorFields_ValidationError_Fragment = { __typename?: 'ValidationError', code: ErrorCode, reason: string };

export type ErrorFieldsFragment = ErrorFields_AccountSuspendedError_Fragment | ErrorFields_ConversationClosedError_Fragment | ErrorFields_ForbiddenError_Fragment | ErrorFields_HandleTakenError_Fragment | ErrorFields_InvalidCredentialsError_Fragment | ErrorFields_MessageDeletedError_Fragment | ErrorFields_MessageLockedError_Fragment | ErrorFields_NotFoundError_Fragment | ErrorFields_OpKeyReusedError_Fragment | ErrorFields_RevisionConflictError_Fragment | ErrorFields_SessionExpiredError_Fragment | ErrorFields_ValidationError_Fragment;

type EventFields_BlockChanged_Fragment = { __typename?: 'BlockChanged', blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_ConversationUpdated_Fragment = { __typename?: 'ConversationUpdated', occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_InboxEntryChanged_Fragment = { __typename?: 'InboxEntryChanged', conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_MemberJoined_Fragment = { __typename?: 'MemberJoined', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_MemberLeft_Fragment = { __typename?: 'MemberLeft', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_MessageDeleted_Fragment = { __typename?: 'MessageDeleted', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_MessageEdited_Fragment = { __typename?: 'MessageEdited', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_MessageSent_Fragment = { __typename?: 'MessageSent', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_ReactionToggled_Fragment = { __typename?: 'ReactionToggled', emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_ReceiptAdvanced_Fragment = { __typename?: 'ReceiptAdvanced', gathered: boolean, occurredAt: string, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_SnapshotRequired_Fragment = { __typename?: 'SnapshotRequired', streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type EventFields_UserErased_Fragment = { __typename?: 'UserErased', occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

export type EventFieldsFragment = EventFields_BlockChanged_Fragment | EventFields_ConversationUpdated_Fragment | EventFields_InboxEntryChanged_Fragment | EventFields_MemberJoined_Fragment | EventFields_MemberLeft_Fragment | EventFields_MessageDeleted_Fragment | EventFields_MessageEdited_Fragment | EventFields_MessageSent_Fragment | EventFields_ReactionToggled_Fragment | EventFields_ReceiptAdvanced_Fragment | EventFields_SnapshotRequired_Fragment | EventFields_UserErased_Fragment;

export type SupportFieldsFragment = { __typename?: 'Conversation', supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null };

export type MessagesQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
}>;


export type MessagesQuery = { __typename?: 'Query', conversation: { __typename?: 'Conversation', headSeq: number, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, messages: { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, edges: Array<{ __typename?: 'MessageEdge', cursor: string, node: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } } | null };

export type SendMessageMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendMessageMutation = { __typename?: 'Mutation', sendMessage: { __typename: 'ConversationClosedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'SendMessageSuccess', ack: { __typename?: 'WriteAck', outcome: WriteOutcome, opKey: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type EditMessageMutationVariables = Exact<{
  input: EditMessageInput;
}>;


export type EditMessageMutation = { __typename?: 'Mutation', editMessage: { __typename: 'EditMessageSuccess', ack: { __typename?: 'WriteAck', outcome: WriteOutcome, opKey: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } } | { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'MessageDeletedError', code: ErrorCode, reason: string } | { __typename: 'MessageLockedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'RevisionConflictError', code: ErrorCode, reason: string, current: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type DeleteMessageMutationVariables = Exact<{
  input: DeleteMessageInput;
}>;


export type DeleteMessageMutation = { __typename?: 'Mutation', deleteMessage: { __typename: 'DeleteMessageSuccess', ack: { __typename?: 'WriteAck', outcome: WriteOutcome, opKey: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } } | { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'MessageDeletedError', code: ErrorCode, reason: string } | { __typename: 'MessageLockedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type MarkReadMutationVariables = Exact<{
  input: MarkReadInput;
}>;


export type MarkReadMutation = { __typename?: 'Mutation', markRead: { __typename: 'MarkReadSuccess', ack: { __typename?: 'CursorAck', outcome: CursorOutcome, lastReadSeq: number, lastDeliveredSeq: number, unreadCount: number }, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean } } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type MarkDeliveredMutationVariables = Exact<{
  input: MarkDeliveredInput;
}>;


export type MarkDeliveredMutation = { __typename?: 'Mutation', markDelivered: { __typename: 'MarkDeliveredSuccess', ack: { __typename?: 'CursorAck', outcome: CursorOutcome, lastReadSeq: number, lastDeliveredSeq: number, unreadCount: number } } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type MessageStatusQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type MessageStatusQuery = { __typename?: 'Query', node: { __typename?: 'ActiveSession' } | { __typename?: 'ApiKey' } | { __typename?: 'Attachment' } | { __typename?: 'Conversation' } | { __typename?: 'InboxEntry' } | { __typename?: 'Member' } | { __typename?: 'Message', status: DeliveryStatus, id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, readBy: { __typename?: 'ReadConnection', nodes: Array<{ __typename?: 'Read', readAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } | { __typename?: 'Report' } | { __typename?: 'User' } | { __typename?: 'Viewer' } | { __typename?: 'WebhookDelivery' } | { __typename?: 'WebhookEndpoint' } | null };

export type WriteStatusQueryVariables = Exact<{
  opKey: Scalars['String']['input'];
}>;


export type WriteStatusQuery = { __typename?: 'Query', writeStatus: { __typename?: 'WriteStatus', state: WriteState, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } | null, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } | null } };

export type MarkAllReadMutationVariables = Exact<{
  input?: InputMaybe<MarkAllReadInput>;
}>;


export type MarkAllReadMutation = { __typename?: 'Mutation', markAllRead: { __typename?: 'MarkAllReadSuccess', changedCount: number, viewer: { __typename?: 'Viewer', unreadConversationCount: number } } };

export type SearchMessagesQueryVariables = Exact<{
  query: Scalars['String']['input'];
  conversationId?: InputMaybe<Scalars['ID']['input']>;
  senderId?: InputMaybe<Scalars['ID']['input']>;
  from?: InputMaybe<Scalars['DateTime']['input']>;
  to?: InputMaybe<Scalars['DateTime']['input']>;
  hasAttachment?: InputMaybe<Scalars['Boolean']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type SearchMessagesQuery = { __typename?: 'Query', searchMessages: { __typename?: 'MessageSearchConnection', edges: Array<{ __typename?: 'MessageSearchEdge', cursor: string, node: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, conversation: { __typename?: 'Conversation', id: string }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, snippet: { __typename?: 'SearchSnippet', text: string, ranges: Array<{ __typename?: 'TextRange', start: number, end: number }> } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type SuspendUserMutationVariables = Exact<{
  input: SuspendUserInput;
}>;


export type SuspendUserMutation = { __typename?: 'Mutation', suspendUser: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'SuspendUserSuccess', suspension: { __typename?: 'Suspension', reason: string | null, until: string | null, since: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } | null } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type UnsuspendUserMutationVariables = Exact<{
  input: UnsuspendUserInput;
}>;


export type UnsuspendUserMutation = { __typename?: 'Mutation', unsuspendUser: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'UnsuspendUserSuccess', user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } };

export type SuspensionsQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type SuspensionsQuery = { __typename?: 'Query', suspensions: { __typename?: 'SuspensionConnection', nodes: Array<{ __typename?: 'Suspension', reason: string | null, until: string | null, since: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type PresenceFieldsFragment = { __typename?: 'Presence', status: PresenceStatus, device: DeviceKind | null, lastSeenAt: string | null };

export type MembersPresenceQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type MembersPresenceQuery = { __typename?: 'Query', conversation: { __typename?: 'Conversation', members: { __typename?: 'MemberConnection', nodes: Array<{ __typename?: 'Member', id: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null, presence: { __typename?: 'Presence', status: PresenceStatus, device: DeviceKind | null, lastSeenAt: string | null } } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } } | null };

export type HeartbeatMutationVariables = Exact<{
  input: HeartbeatInput;
}>;


export type HeartbeatMutation = { __typename?: 'Mutation', heartbeat: { __typename?: 'Presence', status: PresenceStatus, device: DeviceKind | null, lastSeenAt: string | null } };

export type PresenceEventsSubscriptionVariables = Exact<{
  userIds: Array<Scalars['ID']['input']> | Scalars['ID']['input'];
}>;


export type PresenceEventsSubscription = { __typename?: 'Subscription', presenceEvents: { __typename?: 'PresenceChanged', user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, presence: { __typename?: 'Presence', status: PresenceStatus, device: DeviceKind | null, lastSeenAt: string | null } } };

export type ReactionFieldsFragment = { __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean };

export type ToggleReactionMutationVariables = Exact<{
  input: ToggleReactionInput;
}>;


export type ToggleReactionMutation = { __typename?: 'Mutation', toggleReaction: { __typename: 'ConversationClosedError', code: ErrorCode, reason: string } | { __typename: 'MessageDeletedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'ToggleReactionSuccess', ack: { __typename?: 'WriteAck', outcome: WriteOutcome, opKey: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type ReactionsQueryVariables = Exact<{
  ids: Array<Scalars['ID']['input']> | Scalars['ID']['input'];
}>;


export type ReactionsQuery = { __typename?: 'Query', nodes: Array<{ __typename?: 'ActiveSession' } | { __typename?: 'ApiKey' } | { __typename?: 'Attachment' } | { __typename?: 'Conversation' } | { __typename?: 'InboxEntry' } | { __typename?: 'Member' } | { __typename?: 'Message', id: string, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean, firstUsers: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }> } | { __typename?: 'Report' } | { __typename?: 'User' } | { __typename?: 'Viewer' } | { __typename?: 'WebhookDelivery' } | { __typename?: 'WebhookEndpoint' } | null> };

export type ReactedByQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  emoji: Scalars['String']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type ReactedByQuery = { __typename?: 'Query', node: { __typename?: 'ActiveSession' } | { __typename?: 'ApiKey' } | { __typename?: 'Attachment' } | { __typename?: 'Conversation' } | { __typename?: 'InboxEntry' } | { __typename?: 'Member' } | { __typename?: 'Message', id: string, reactedBy: { __typename?: 'UserConnection', nodes: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } } | { __typename?: 'Report' } | { __typename?: 'User' } | { __typename?: 'Viewer' } | { __typename?: 'WebhookDelivery' } | { __typename?: 'WebhookEndpoint' } | null };

export type ReportFieldsFragment = { __typename?: 'Report', id: string, state: ReportState, reason: ReportReason, text: string | null, messageId: string | null, createdAt: string, resolvedAt: string | null, outcome: ReportOutcome | null, reported: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } };

export type ReportMessageMutationVariables = Exact<{
  input: ReportMessageInput;
}>;


export type ReportMessageMutation = { __typename?: 'Mutation', reportMessage: { __typename: 'MessageDeletedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'ReportMessageSuccess', report: { __typename?: 'Report', id: string, state: ReportState, reason: ReportReason, text: string | null, messageId: string | null, createdAt: string, resolvedAt: string | null, outcome: ReportOutcome | null, reported: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type ReportUserMutationVariables = Exact<{
  input: ReportUserInput;
}>;


export type ReportUserMutation = { __typename?: 'Mutation', reportUser: { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'ReportUserSuccess', report: { __typename?: 'Report', id: string, state: ReportState, reason: ReportReason, text: string | null, messageId: string | null, createdAt: string, resolvedAt: string | null, outcome: ReportOutcome | null, reported: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type BanMemberMutationVariables = Exact<{
  input: BanMemberInput;
}>;


export type BanMemberMutation = { __typename?: 'Mutation', banMember: { __typename: 'BanMemberSuccess', conversation: { __typename?: 'Conversation', id: string } } | { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type ReportsQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  state?: InputMaybe<ReportState>;
}>;


export type ReportsQuery = { __typename?: 'Query', reports: { __typename?: 'ReportConnection', nodes: Array<{ __typename?: 'Report', conversationId: string | null, note: string | null, id: string, state: ReportState, reason: ReportReason, text: string | null, messageId: string | null, createdAt: string, resolvedAt: string | null, outcome: ReportOutcome | null, reporter: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, evidence: { __typename?: 'ReportEvidence', text: string | null, revision: number, sentAt: string, editedAt: string | null, fileNames: Array<string>, revisions: Array<{ __typename?: 'ReportEvidenceRevision', text: string, revision: number, since: string }> } | null, resolvedBy: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, reported: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type ResolveReportMutationVariables = Exact<{
  input: ResolveReportInput;
}>;


export type ResolveReportMutation = { __typename?: 'Mutation', resolveReport: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ResolveReportSuccess', report: { __typename?: 'Report', id: string, state: ReportState, reason: ReportReason, text: string | null, messageId: string | null, createdAt: string, resolvedAt: string | null, outcome: ReportOutcome | null, reported: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type RemoveMessageMutationVariables = Exact<{
  input: RemoveMessageInput;
}>;


export type RemoveMessageMutation = { __typename?: 'Mutation', removeMessage: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'RemoveMessageSuccess', messageId: string } };

export type BansQueryVariables = Exact<{
  conversationId: Scalars['ID']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type BansQuery = { __typename?: 'Query', bans: { __typename?: 'BanConnection', nodes: Array<{ __typename?: 'Ban', bannedAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type RequestFieldsFragment = { __typename?: 'InboxEntry', requestedAt: string | null, id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, requestedBy: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, memberCount: number } };

export type RequestsQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type RequestsQuery = { __typename?: 'Query', inbox: { __typename?: 'InboxConnection', nodes: Array<{ __typename?: 'InboxEntry', requestedAt: string | null, id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, memberCount: number, lastMessage: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } | null }, requestedBy: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type AcceptRequestMutationVariables = Exact<{
  input: AcceptRequestInput;
}>;


export type AcceptRequestMutation = { __typename?: 'Mutation', acceptRequest: { __typename: 'AcceptRequestSuccess', entry: { __typename?: 'InboxEntry', requestedAt: string | null, id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, requestedBy: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, memberCount: number } } } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type DeclineRequestMutationVariables = Exact<{
  input: DeclineRequestInput;
}>;


export type DeclineRequestMutation = { __typename?: 'Mutation', declineRequest: { __typename: 'DeclineRequestSuccess', conversationId: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type SetMemberRoleMutationVariables = Exact<{
  input: SetMemberRoleInput;
}>;


export type SetMemberRoleMutation = { __typename?: 'Mutation', setMemberRole: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'SetMemberRoleSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type TransferOwnershipMutationVariables = Exact<{
  input: TransferOwnershipInput;
}>;


export type TransferOwnershipMutation = { __typename?: 'Mutation', transferOwnership: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'TransferOwnershipSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type SetMemberPermissionsMutationVariables = Exact<{
  input: SetMemberPermissionsInput;
}>;


export type SetMemberPermissionsMutation = { __typename?: 'Mutation', setMemberPermissions: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'SetMemberPermissionsSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type SetHistoryVisibilityMutationVariables = Exact<{
  input: SetHistoryVisibilityInput;
}>;


export type SetHistoryVisibilityMutation = { __typename?: 'Mutation', setHistoryVisibility: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'SetHistoryVisibilitySuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type HideConversationMutationVariables = Exact<{
  input: HideConversationInput;
}>;


export type HideConversationMutation = { __typename?: 'Mutation', hideConversation: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'HideConversationSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type DeleteConversationMutationVariables = Exact<{
  input: DeleteConversationInput;
}>;


export type DeleteConversationMutation = { __typename?: 'Mutation', deleteConversation: { __typename: 'DeleteConversationSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type ServerQueryVariables = Exact<{ [key: string]: never; }>;


export type ServerQuery = { __typename?: 'Query', server: { __typename?: 'Server', apiVersion: number, time: string } };

export type SessionFieldsFragment = { __typename?: 'Session', accessToken: string, accessTokenExpiresAt: string, refreshToken: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } };

export type RegisterMutationVariables = Exact<{
  input: RegisterInput;
}>;


export type RegisterMutation = { __typename?: 'Mutation', register: { __typename: 'HandleTakenError', code: ErrorCode, reason: string } | { __typename: 'RegisterSuccess', session: { __typename?: 'Session', accessToken: string, accessTokenExpiresAt: string, refreshToken: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { __typename?: 'Mutation', login: { __typename: 'AccountSuspendedError', code: ErrorCode, reason: string } | { __typename: 'InvalidCredentialsError', code: ErrorCode, reason: string } | { __typename: 'LoginSuccess', session: { __typename?: 'Session', accessToken: string, accessTokenExpiresAt: string, refreshToken: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } } };

export type AcceptInvitationMutationVariables = Exact<{
  input: AcceptInvitationInput;
}>;


export type AcceptInvitationMutation = { __typename?: 'Mutation', acceptInvitation: { __typename: 'AcceptInvitationSuccess', session: { __typename?: 'Session', accessToken: string, accessTokenExpiresAt: string, refreshToken: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } } | { __typename: 'AccountSuspendedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type RefreshSessionMutationVariables = Exact<{
  input?: InputMaybe<RefreshSessionInput>;
}>;


export type RefreshSessionMutation = { __typename?: 'Mutation', refreshSession: { __typename: 'RefreshSessionSuccess', session: { __typename?: 'Session', accessToken: string, accessTokenExpiresAt: string, refreshToken: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } } | { __typename: 'SessionExpiredError', code: ErrorCode, reason: string } };

export type SettingsFieldsFragment = { __typename?: 'ViewerSettings', readReceiptsEnabled: boolean, presenceSharing: PresenceSharing, invisible: boolean };

export type LogoutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogoutMutation = { __typename?: 'Mutation', logout: boolean };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { __typename?: 'Query', viewer: { __typename?: 'Viewer', id: string, unreadConversationCount: number, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, settings: { __typename?: 'ViewerSettings', readReceiptsEnabled: boolean, presenceSharing: PresenceSharing, invisible: boolean } } };

export type UpdateSettingsMutationVariables = Exact<{
  input: UpdateSettingsInput;
}>;


export type UpdateSettingsMutation = { __typename?: 'Mutation', updateSettings: { __typename?: 'Viewer', id: string, settings: { __typename?: 'ViewerSettings', readReceiptsEnabled: boolean, presenceSharing: PresenceSharing, invisible: boolean } } };

export type SearchUsersQueryVariables = Exact<{
  query: Scalars['String']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type SearchUsersQuery = { __typename?: 'Query', searchUsers: { __typename?: 'UserConnection', nodes: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type SessionsQueryVariables = Exact<{ [key: string]: never; }>;


export type SessionsQuery = { __typename?: 'Query', viewer: { __typename?: 'Viewer', id: string, sessions: Array<{ __typename?: 'ActiveSession', id: string, device: string | null, createdAt: string, lastUsedAt: string, current: boolean }> } };

export type RevokeSessionMutationVariables = Exact<{
  input: RevokeSessionInput;
}>;


export type RevokeSessionMutation = { __typename?: 'Mutation', revokeSession: { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'RevokeSessionSuccess' } };

export type RenewTokenMutationVariables = Exact<{
  input: RenewTokenInput;
}>;


export type RenewTokenMutation = { __typename?: 'Mutation', renewToken: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'RenewTokenSuccess', expiresAt: string | null } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type OpenSupportMutationVariables = Exact<{
  input: OpenSupportInput;
}>;


export type OpenSupportMutation = { __typename?: 'Mutation', openSupport: { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'OpenSupportSuccess', conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type SupportQueueQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  status?: InputMaybe<SupportStatus>;
}>;


export type SupportQueueQuery = { __typename?: 'Query', supportQueue: { __typename?: 'SupportQueueConnection', resume: string, nodes: Array<{ __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastMessage: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type AssignSupportMutationVariables = Exact<{
  input: AssignSupportInput;
}>;


export type AssignSupportMutation = { __typename?: 'Mutation', assignSupport: { __typename: 'AssignSupportSuccess', conversation: { __typename?: 'Conversation', id: string, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type SetSupportStatusMutationVariables = Exact<{
  input: SetSupportStatusInput;
}>;


export type SetSupportStatusMutation = { __typename?: 'Mutation', setSupportStatus: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'SetSupportStatusSuccess', conversation: { __typename?: 'Conversation', id: string, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type UnansweredCountQueryVariables = Exact<{ [key: string]: never; }>;


export type UnansweredCountQuery = { __typename?: 'Query', viewer: { __typename?: 'Viewer', id: string, unansweredCount: number } };

export type SupportEventsSubscriptionVariables = Exact<{
  after?: InputMaybe<Array<StreamCursorInput> | StreamCursorInput>;
  resume?: InputMaybe<Scalars['String']['input']>;
}>;


export type SupportEventsSubscription = { __typename?: 'Subscription', supportEvents: { __typename?: 'BlockChanged', resume: string | null, blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'ConversationUpdated', resume: string | null, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'InboxEntryChanged', resume: string | null, conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, lastActivityAt: string, headSeq: number, memberCount: number, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'MemberJoined', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'MemberLeft', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'MessageDeleted', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'MessageEdited', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'MessageSent', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'ReactionToggled', resume: string | null, emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'ReceiptAdvanced', resume: string | null, gathered: boolean, occurredAt: string, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'SnapshotRequired', resume: string | null, streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename?: 'UserErased', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type SyncUserFragment = { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null };

export type SyncMessageFragment = { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> };

export type SyncConversationFragment = { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

export type SyncMemberFragment = { __typename?: 'Member', id: string, role: MemberRole, joinedAt: string, lastReadSeq: number, lastDeliveredSeq: number, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } };

export type SyncPageFragment = { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, nodes: Array<{ __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }>, pageInfo: { __typename?: 'PageInfo', hasPreviousPage: boolean, hasNextPage: boolean, startCursor: string | null, endCursor: string | null } };

type SyncEvent_BlockChanged_Fragment = { __typename?: 'BlockChanged', blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_ConversationUpdated_Fragment = { __typename?: 'ConversationUpdated', occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_InboxEntryChanged_Fragment = { __typename?: 'InboxEntryChanged', conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_MemberJoined_Fragment = { __typename?: 'MemberJoined', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_MemberLeft_Fragment = { __typename?: 'MemberLeft', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_MessageDeleted_Fragment = { __typename?: 'MessageDeleted', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_MessageEdited_Fragment = { __typename?: 'MessageEdited', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_MessageSent_Fragment = { __typename?: 'MessageSent', notify: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_ReactionToggled_Fragment = { __typename?: 'ReactionToggled', emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_ReceiptAdvanced_Fragment = { __typename?: 'ReceiptAdvanced', gathered: boolean, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_SnapshotRequired_Fragment = { __typename?: 'SnapshotRequired', streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

type SyncEvent_UserErased_Fragment = { __typename?: 'UserErased', occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } };

export type SyncEventFragment = SyncEvent_BlockChanged_Fragment | SyncEvent_ConversationUpdated_Fragment | SyncEvent_InboxEntryChanged_Fragment | SyncEvent_MemberJoined_Fragment | SyncEvent_MemberLeft_Fragment | SyncEvent_MessageDeleted_Fragment | SyncEvent_MessageEdited_Fragment | SyncEvent_MessageSent_Fragment | SyncEvent_ReactionToggled_Fragment | SyncEvent_ReceiptAdvanced_Fragment | SyncEvent_SnapshotRequired_Fragment | SyncEvent_UserErased_Fragment;

export type SyncInboxEventsSubscriptionVariables = Exact<{
  resume?: InputMaybe<Scalars['String']['input']>;
}>;


export type SyncInboxEventsSubscription = { __typename?: 'Subscription', inboxEvents: { __typename: 'BlockChanged', resume: string | null, blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ConversationUpdated', resume: string | null, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'InboxEntryChanged', resume: string | null, conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberJoined', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberLeft', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageDeleted', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', resume: string | null, notify: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', resume: string | null, emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReceiptAdvanced', resume: string | null, gathered: boolean, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', resume: string | null, streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type SyncSupportEventsSubscriptionVariables = Exact<{
  resume?: InputMaybe<Scalars['String']['input']>;
}>;


export type SyncSupportEventsSubscription = { __typename?: 'Subscription', supportEvents: { __typename: 'BlockChanged', resume: string | null, blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ConversationUpdated', resume: string | null, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'InboxEntryChanged', resume: string | null, conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberJoined', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberLeft', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageDeleted', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', resume: string | null, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', resume: string | null, notify: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', resume: string | null, emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReceiptAdvanced', resume: string | null, gathered: boolean, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', resume: string | null, streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', resume: string | null, occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type SyncResyncQueryVariables = Exact<{
  resume: Scalars['String']['input'];
  limit?: InputMaybe<Scalars['Int']['input']>;
}>;


export type SyncResyncQuery = { __typename?: 'Query', resync: { __typename?: 'ResyncPayload', resume: string, streams: Array<{ __typename?: 'StreamResync', streamId: string, hasMore: boolean, events: Array<{ __typename: 'BlockChanged', blocked: boolean, occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ConversationUpdated', occurredAt: string, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, changedMembers: Array<{ __typename?: 'Member', role: MemberRole, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'InboxEntryChanged', conversationId: string, occurredAt: string, entry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberJoined', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MemberLeft', occurredAt: string, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, conversation: { __typename?: 'Conversation', id: string, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number }, by: { __typename?: 'User', id: string } | null, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageDeleted', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageEdited', occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'MessageSent', notify: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReactionToggled', emoji: string, on: boolean, occurredAt: string, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'ReceiptAdvanced', gathered: boolean, occurredAt: string, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number }, receipts: Array<{ __typename?: 'Receipt', lastReadSeq: number, lastDeliveredSeq: number, at: string, user: { __typename?: 'User', id: string } }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'SnapshotRequired', streamId: string, reason: SnapshotReason, occurredAt: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | { __typename: 'UserErased', occurredAt: string, user: { __typename?: 'User', id: string }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }> }> } };

export type SyncBlockedFragment = { __typename?: 'UserConnection', nodes: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } };

export type SyncBlockedUsersQueryVariables = Exact<{
  first: Scalars['Int']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type SyncBlockedUsersQuery = { __typename?: 'Query', viewer: { __typename?: 'Viewer', id: string, blockedUsers: { __typename?: 'UserConnection', nodes: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } } };

export type SyncViewerQueryVariables = Exact<{
  blocked: Scalars['Int']['input'];
}>;


export type SyncViewerQuery = { __typename?: 'Query', viewer: { __typename?: 'Viewer', id: string, unreadConversationCount: number, unansweredCount: number, user: { __typename?: 'User', role: UserRole, id: string, handle: string, displayName: string, avatarUrl: string | null }, settings: { __typename?: 'ViewerSettings', readReceiptsEnabled: boolean, presenceSharing: PresenceSharing, invisible: boolean }, blockedUsers: { __typename?: 'UserConnection', nodes: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } }, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } };

export type SyncInboxQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<InboxFilter>;
  messages: Scalars['Int']['input'];
}>;


export type SyncInboxQuery = { __typename?: 'Query', inbox: { __typename?: 'InboxConnection', resume: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, nodes: Array<{ __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, messages: { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, nodes: Array<{ __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }>, pageInfo: { __typename?: 'PageInfo', hasPreviousPage: boolean, hasNextPage: boolean, startCursor: string | null, endCursor: string | null } }, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type SyncConversationQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  messages: Scalars['Int']['input'];
  members: Scalars['Int']['input'];
}>;


export type SyncConversationQuery = { __typename?: 'Query', viewer: { __typename?: 'Viewer', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, conversation: { __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, viewerEntry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean } | null, members: { __typename?: 'MemberConnection', nodes: Array<{ __typename?: 'Member', id: string, role: MemberRole, joinedAt: string, lastReadSeq: number, lastDeliveredSeq: number, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } }, messages: { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, nodes: Array<{ __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }>, pageInfo: { __typename?: 'PageInfo', hasPreviousPage: boolean, hasNextPage: boolean, startCursor: string | null, endCursor: string | null } }, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } | null };

export type SyncMessagesQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
}>;


export type SyncMessagesQuery = { __typename?: 'Query', conversation: { __typename?: 'Conversation', id: string, messages: { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, nodes: Array<{ __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }>, pageInfo: { __typename?: 'PageInfo', hasPreviousPage: boolean, hasNextPage: boolean, startCursor: string | null, endCursor: string | null } } } | null };

export type SyncMembersQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  first: Scalars['Int']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type SyncMembersQuery = { __typename?: 'Query', conversation: { __typename?: 'Conversation', id: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, members: { __typename?: 'MemberConnection', nodes: Array<{ __typename?: 'Member', id: string, role: MemberRole, joinedAt: string, lastReadSeq: number, lastDeliveredSeq: number, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } } | null };

export type SyncMessageQueryVariables = Exact<{
  id: Scalars['ID']['input'];
}>;


export type SyncMessageQuery = { __typename?: 'Query', node: { __typename: 'ActiveSession', id: string } | { __typename: 'ApiKey', id: string } | { __typename: 'Attachment', id: string } | { __typename: 'Conversation', id: string } | { __typename: 'InboxEntry', id: string } | { __typename: 'Member', id: string } | { __typename: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, conversation: { __typename?: 'Conversation', id: string }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } | { __typename: 'Report', id: string } | { __typename: 'User', id: string } | { __typename: 'Viewer', id: string } | { __typename: 'WebhookDelivery', id: string } | { __typename: 'WebhookEndpoint', id: string } | null };

export type SyncEntriesQueryVariables = Exact<{
  ids: Array<Scalars['ID']['input']> | Scalars['ID']['input'];
}>;


export type SyncEntriesQuery = { __typename?: 'Query', nodes: Array<{ __typename: 'ActiveSession' } | { __typename: 'ApiKey' } | { __typename: 'Attachment' } | { __typename: 'Conversation' } | { __typename: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean, conversation: { __typename?: 'Conversation', id: string, readByAllSeq: number, deliveredToAllSeq: number, memberCount: number, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } } } | { __typename: 'Member' } | { __typename: 'Message' } | { __typename: 'Report' } | { __typename: 'User' } | { __typename: 'Viewer' } | { __typename: 'WebhookDelivery' } | { __typename: 'WebhookEndpoint' } | null> };

export type SyncSupportQueueQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  status?: InputMaybe<SupportStatus>;
  messages: Scalars['Int']['input'];
}>;


export type SyncSupportQueueQuery = { __typename?: 'Query', supportQueue: { __typename?: 'SupportQueueConnection', resume: string, nodes: Array<{ __typename?: 'Conversation', id: string, kind: ConversationKind, title: string | null, editPolicy: EditPolicy, createdAt: string, memberPermissions: Array<MemberPermission>, historyVisibility: HistoryVisibility, closedAt: string | null, deletedAt: string | null, supportStatus: SupportStatus | null, unansweredSince: string | null, firstAnsweredAt: string | null, resolvedAt: string | null, lastActivityAt: string, headSeq: number, memberCount: number, readByAllSeq: number, deliveredToAllSeq: number, viewerEntry: { __typename?: 'InboxEntry', id: string, unreadCount: number, unreadMentionCount: number, lastReadSeq: number, historyFromSeq: number, mutedUntil: string | null, archived: boolean, hidden: boolean, pinned: boolean } | null, messages: { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, nodes: Array<{ __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }>, pageInfo: { __typename?: 'PageInfo', hasPreviousPage: boolean, hasNextPage: boolean, startCursor: string | null, endCursor: string | null } }, assignee: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, peer: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } | null, pinnedMessages: Array<{ __typename?: 'Message', id: string, seq: number, pinnedAt: string | null }>, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type SyncSendMessageMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SyncSendMessageMutation = { __typename?: 'Mutation', sendMessage: { __typename: 'ConversationClosedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'SendMessageSuccess', ack: { __typename?: 'WriteAck', outcome: WriteOutcome, opKey: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, message: { __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type PinFieldsFragment = { __typename?: 'Message', id: string, seq: number, pinnedAt: string | null };

export type PinMessageMutationVariables = Exact<{
  input: PinMessageInput;
}>;


export type PinMessageMutation = { __typename?: 'Mutation', pinMessage: { __typename: 'ForbiddenError', code: ErrorCode, reason: string } | { __typename: 'MessageDeletedError', code: ErrorCode, reason: string } | { __typename: 'NotFoundError', code: ErrorCode, reason: string } | { __typename: 'OpKeyReusedError', code: ErrorCode, reason: string } | { __typename: 'PinMessageSuccess', ack: { __typename?: 'WriteAck', outcome: WriteOutcome, opKey: string, cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string } }, message: { __typename?: 'Message', pinnedAt: string | null, id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } } | { __typename: 'ValidationError', code: ErrorCode, reason: string } };

export type PinnedMessagesQueryVariables = Exact<{
  id: Scalars['ID']['input'];
}>;


export type PinnedMessagesQuery = { __typename?: 'Query', conversation: { __typename?: 'Conversation', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, pinnedMessages: Array<{ __typename?: 'Message', pinnedAt: string | null, id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> }> } | null };

export type RepliesQueryVariables = Exact<{
  id: Scalars['ID']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type RepliesQuery = { __typename?: 'Query', node: { __typename?: 'ActiveSession' } | { __typename?: 'ApiKey' } | { __typename?: 'Attachment' } | { __typename?: 'Conversation' } | { __typename?: 'InboxEntry' } | { __typename?: 'Member' } | { __typename?: 'Message', replyCount: number, id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, replies: { __typename?: 'MessageConnection', cursor: { __typename?: 'StreamCursor', streamId: string, eventSeq: number, mark: string }, nodes: Array<{ __typename?: 'Message', id: string, seq: number, text: string | null, revision: number, clientMessageId: string | null, replyCount: number, mentionsEveryone: boolean, createdAt: string, editedAt: string | null, deletedAt: string | null, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number, replyCount: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }>, reactions: Array<{ __typename?: 'Reaction', emoji: string, count: number, viewerReacted: boolean }>, attachments: Array<{ __typename?: 'Attachment', id: string, fileName: string, contentType: string, byteSize: number, url: string, width: number | null, height: number | null, blurHash: string | null }> }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, hasPreviousPage: boolean, endCursor: string | null } }, sender: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }, replyTo: { __typename?: 'Message', id: string, seq: number } | null, mentions: Array<{ __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null }> } | { __typename?: 'Report' } | { __typename?: 'User' } | { __typename?: 'Viewer' } | { __typename?: 'WebhookDelivery' } | { __typename?: 'WebhookEndpoint' } | null };

export type SetTypingMutationVariables = Exact<{
  input: SetTypingInput;
}>;


export type SetTypingMutation = { __typename?: 'Mutation', setTyping: boolean };

export type TypingEventsSubscriptionVariables = Exact<{
  conversationId: Scalars['ID']['input'];
}>;


export type TypingEventsSubscription = { __typename?: 'Subscription', typingEvents: { __typename?: 'TypingChanged', conversationId: string, typing: boolean, user: { __typename?: 'User', id: string, handle: string, displayName: string, avatarUrl: string | null } } };

const attachmentFields = "fragment AttachmentFields on Attachment{id fileName contentType byteSize url width height blurHash}";
const cursorFields = "fragment CursorFields on StreamCursor{streamId eventSeq mark}";
const userFields = "fragment UserFields on User{id handle displayName avatarUrl}";
const messageFields = "fragment MessageFields on Message{id seq sender{...UserFields}text revision clientMessageId replyTo{id seq}mentions{...UserFields}mentionsEveryone createdAt editedAt deletedAt}";
const conversationFields = "fragment ConversationFields on Conversation{id kind title editPolicy createdAt lastActivityAt headSeq memberCount memberPermissions historyVisibility closedAt deletedAt cursor{...CursorFields}peer{...UserFields}}";
const entryFields = "fragment EntryFields on InboxEntry{id unreadCount unreadMentionCount lastReadSeq historyFromSeq mutedUntil archived hidden pinned}";
const ackFields = "fragment AckFields on WriteAck{outcome opKey cursor{...CursorFields}}";
const errorFields = "fragment ErrorFields on Error{code reason}";
const eventFields = "fragment EventFields on StreamEvent{occurredAt cursor{...CursorFields}...on MessageSent{message{...MessageFields}}...on MessageEdited{message{...MessageFields}}...on MessageDeleted{message{...MessageFields}}...on ReactionToggled{message{...MessageFields reactions{...ReactionFields}}user{...UserFields}emoji on}...on ReceiptAdvanced{gathered receipts{user{id}lastReadSeq lastDeliveredSeq at}}...on MemberJoined{user{...UserFields}by{id}}...on MemberLeft{user{...UserFields}by{id}}...on ConversationUpdated{conversation{...ConversationFields pinnedMessages{...PinFields}}changedMembers{user{id}role}}...on UserErased{user{id}}...on SnapshotRequired{streamId reason}...on BlockChanged{user{...UserFields}blocked}...on InboxEntryChanged{conversationId entry{...EntryFields conversation{...ConversationFields}}}}";
const supportFields = "fragment SupportFields on Conversation{supportStatus assignee{...UserFields}unansweredSince firstAnsweredAt resolvedAt}";
const presenceFields = "fragment PresenceFields on Presence{status device lastSeenAt}";
const reactionFields = "fragment ReactionFields on Reaction{emoji count viewerReacted}";
const reportFields = "fragment ReportFields on Report{id state reason text messageId reported{...UserFields}createdAt resolvedAt outcome}";
const requestFields = "fragment RequestFields on InboxEntry{...EntryFields requestedAt requestedBy{...UserFields}conversation{id kind title memberCount}}";
const sessionFields = "fragment SessionFields on Session{accessToken accessTokenExpiresAt refreshToken user{...UserFields}}";
const settingsFields = "fragment SettingsFields on ViewerSettings{readReceiptsEnabled presenceSharing invisible}";
const syncUser = "fragment SyncUser on User{id handle displayName avatarUrl}";
const syncMessage = "fragment SyncMessage on Message{id seq sender{...SyncUser}text revision clientMessageId replyTo{id seq replyCount}replyCount mentions{...SyncUser}mentionsEveryone reactions{emoji count viewerReacted}attachments{...AttachmentFields}createdAt editedAt deletedAt}";
const syncConversation = "fragment SyncConversation on Conversation{id kind title editPolicy createdAt memberPermissions historyVisibility closedAt deletedAt supportStatus assignee{...SyncUser}unansweredSince firstAnsweredAt resolvedAt peer{...SyncUser}pinnedMessages{id seq pinnedAt}lastActivityAt headSeq memberCount readByAllSeq deliveredToAllSeq cursor{...CursorFields}}";
const syncMember = "fragment SyncMember on Member{id role joinedAt lastReadSeq lastDeliveredSeq user{...SyncUser}}";
const syncPage = "fragment SyncPage on MessageConnection{cursor{...CursorFields}nodes{...SyncMessage replyTo{...SyncMessage}}pageInfo{hasPreviousPage hasNextPage startCursor endCursor}}";
const syncEvent = "fragment SyncEvent on StreamEvent{occurredAt cursor{...CursorFields}...on MessageSent{notify message{...SyncMessage conversation{id readByAllSeq deliveredToAllSeq}}}...on MessageEdited{message{...SyncMessage}}...on MessageDeleted{message{...SyncMessage}}...on ReactionToggled{message{...SyncMessage}user{...SyncUser}emoji on}...on ReceiptAdvanced{gathered conversation{id readByAllSeq deliveredToAllSeq}receipts{user{id}lastReadSeq lastDeliveredSeq at}}...on MemberJoined{user{...SyncUser}conversation{id memberCount readByAllSeq deliveredToAllSeq}by{id}}...on MemberLeft{user{...SyncUser}conversation{id memberCount readByAllSeq deliveredToAllSeq}by{id}}...on ConversationUpdated{conversation{...SyncConversation}changedMembers{user{id}role}}...on UserErased{user{id}}...on SnapshotRequired{streamId reason}...on BlockChanged{user{...SyncUser}blocked}...on InboxEntryChanged{conversationId entry{...EntryFields conversation{id cursor{...CursorFields}}}}}";
const syncBlocked = "fragment SyncBlocked on UserConnection{nodes{...SyncUser}pageInfo{hasNextPage endCursor}}";
const pinFields = "fragment PinFields on Message{id seq pinnedAt}";
export const CreateUploadDocument = /* @__PURE__ */ asDocument<CreateUploadMutation, CreateUploadMutationVariables>("mutation CreateUpload($input:CreateUploadInput!){createUpload(input:$input){__typename ...on CreateUploadSuccess{attachment{...AttachmentFields}uploadUrl method headers{name value}expiresAt}...ErrorFields}}", attachmentFields, errorFields);
export const MessageAttachmentsDocument = /* @__PURE__ */ asDocument<MessageAttachmentsQuery, MessageAttachmentsQueryVariables>("query MessageAttachments($id:ID!){node(id:$id){__typename id ...on Message{attachments{...AttachmentFields}}...on Attachment{...AttachmentFields}}}", attachmentFields);
export const BlockUserDocument = /* @__PURE__ */ asDocument<BlockUserMutation, BlockUserMutationVariables>("mutation BlockUser($input:BlockUserInput!){blockUser(input:$input){__typename ...on BlockUserSuccess{user{...UserFields blocked}}...on Error{...ErrorFields}}}", userFields, errorFields);
export const BlockedUsersDocument = /* @__PURE__ */ asDocument<BlockedUsersQuery, BlockedUsersQueryVariables>("query BlockedUsers($first:Int$after:String){viewer{id blockedUsers(first:$first after:$after){nodes{...UserFields}pageInfo{hasNextPage endCursor}}}}", userFields);
export const InboxDocument = /* @__PURE__ */ asDocument<InboxQuery, InboxQueryVariables>("query Inbox($first:Int$after:String$filter:InboxFilter){inbox(first:$first after:$after filter:$filter){edges{cursor node{...EntryFields conversation{...ConversationFields lastMessage{...MessageFields}}}}cursor{...CursorFields}resume pageInfo{hasNextPage endCursor}}}", entryFields, conversationFields, cursorFields, userFields, messageFields);
export const ConversationDocument = /* @__PURE__ */ asDocument<ConversationQuery, ConversationQueryVariables>("query Conversation($id:ID!){conversation(id:$id){...ConversationFields viewerEntry{...EntryFields}}}", conversationFields, cursorFields, userFields, entryFields);
export const MembersDocument = /* @__PURE__ */ asDocument<MembersQuery, MembersQueryVariables>("query Members($id:ID!$first:Int$after:String){conversation(id:$id){members(first:$first after:$after){nodes{id role joinedAt lastReadSeq lastDeliveredSeq user{...UserFields}}pageInfo{hasNextPage endCursor}}}}", userFields);
export const StartDirectDocument = /* @__PURE__ */ asDocument<StartDirectMutation, StartDirectMutationVariables>("mutation StartDirect($input:StartDirectInput!){startDirect(input:$input){__typename ...on StartDirectSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const CreateGroupDocument = /* @__PURE__ */ asDocument<CreateGroupMutation, CreateGroupMutationVariables>("mutation CreateGroup($input:CreateGroupInput!){createGroup(input:$input){__typename ...on CreateGroupSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const RenameConversationDocument = /* @__PURE__ */ asDocument<RenameConversationMutation, RenameConversationMutationVariables>("mutation RenameConversation($input:RenameConversationInput!){renameConversation(input:$input){__typename ...on RenameConversationSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const AddMembersDocument = /* @__PURE__ */ asDocument<AddMembersMutation, AddMembersMutationVariables>("mutation AddMembers($input:AddMembersInput!){addMembers(input:$input){__typename ...on AddMembersSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const RemoveMemberDocument = /* @__PURE__ */ asDocument<RemoveMemberMutation, RemoveMemberMutationVariables>("mutation RemoveMember($input:RemoveMemberInput!){removeMember(input:$input){__typename ...on RemoveMemberSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const LeaveConversationDocument = /* @__PURE__ */ asDocument<LeaveConversationMutation, LeaveConversationMutationVariables>("mutation LeaveConversation($input:LeaveConversationInput!){leaveConversation(input:$input){__typename ...on LeaveConversationSuccess{conversationId}...ErrorFields}}", errorFields);
export const UpdateInboxEntryDocument = /* @__PURE__ */ asDocument<UpdateInboxEntryMutation, UpdateInboxEntryMutationVariables>("mutation UpdateInboxEntry($input:UpdateInboxEntryInput!){updateInboxEntry(input:$input){__typename ...on UpdateInboxEntrySuccess{entry{...EntryFields}}...ErrorFields}}", entryFields, errorFields);
export const ReportDiagnosticsDocument = /* @__PURE__ */ asDocument<ReportDiagnosticsMutation, ReportDiagnosticsMutationVariables>("mutation ReportDiagnostics($input:ReportDiagnosticsInput!){reportDiagnostics(input:$input)}");
export const ConversationEventsDocument = /* @__PURE__ */ asDocument<ConversationEventsSubscription, ConversationEventsSubscriptionVariables>("subscription ConversationEvents($conversationId:ID!$after:Int$mark:String){conversationEvents(conversationId:$conversationId after:$after mark:$mark){__typename ...EventFields}}", eventFields, cursorFields, messageFields, userFields, reactionFields, conversationFields, pinFields, entryFields);
export const MessageEventsDocument = /* @__PURE__ */ asDocument<MessageEventsSubscription, MessageEventsSubscriptionVariables>("subscription MessageEvents($conversationId:ID!$after:Int$mark:String){messageEvents(conversationId:$conversationId after:$after mark:$mark){__typename ...EventFields}}", eventFields, cursorFields, messageFields, userFields, reactionFields, conversationFields, pinFields, entryFields);
export const ReceiptEventsDocument = /* @__PURE__ */ asDocument<ReceiptEventsSubscription, ReceiptEventsSubscriptionVariables>("subscription ReceiptEvents($conversationId:ID!$after:Int$mark:String){receiptEvents(conversationId:$conversationId after:$after mark:$mark){__typename ...EventFields}}", eventFields, cursorFields, messageFields, userFields, reactionFields, conversationFields, pinFields, entryFields);
export const InboxEventsDocument = /* @__PURE__ */ asDocument<InboxEventsSubscription, InboxEventsSubscriptionVariables>("subscription InboxEvents($after:[StreamCursorInput!]$resume:String){inboxEvents(after:$after resume:$resume){__typename resume ...EventFields}}", eventFields, cursorFields, messageFields, userFields, reactionFields, conversationFields, pinFields, entryFields);
export const ResyncDocument = /* @__PURE__ */ asDocument<ResyncQuery, ResyncQueryVariables>("query Resync($cursors:[StreamCursorInput!]$limit:Int$resume:String){resync(cursors:$cursors limit:$limit resume:$resume){resume viewerCursor{...CursorFields}streams{streamId hasMore cursor{...CursorFields}events{__typename ...EventFields}}}}", cursorFields, eventFields, messageFields, userFields, reactionFields, conversationFields, pinFields, entryFields);
export const CreateStreamTicketDocument = /* @__PURE__ */ asDocument<CreateStreamTicketMutation, CreateStreamTicketMutationVariables>("mutation CreateStreamTicket($input:CreateStreamTicketInput!){createStreamTicket(input:$input){__typename ...on CreateStreamTicketSuccess{ticket search expiresAt}...ErrorFields}}", errorFields);
export const MessagesDocument = /* @__PURE__ */ asDocument<MessagesQuery, MessagesQueryVariables>("query Messages($id:ID!$first:Int$after:String$last:Int$before:String){conversation(id:$id){cursor{...CursorFields}headSeq messages(first:$first after:$after last:$last before:$before){cursor{...CursorFields}edges{cursor node{...MessageFields}}pageInfo{hasNextPage hasPreviousPage startCursor endCursor}}}}", cursorFields, messageFields, userFields);
export const SendMessageDocument = /* @__PURE__ */ asDocument<SendMessageMutation, SendMessageMutationVariables>("mutation SendMessage($input:SendMessageInput!){sendMessage(input:$input){__typename ...on SendMessageSuccess{ack{...AckFields}message{...MessageFields}}...ErrorFields}}", ackFields, cursorFields, messageFields, userFields, errorFields);
export const EditMessageDocument = /* @__PURE__ */ asDocument<EditMessageMutation, EditMessageMutationVariables>("mutation EditMessage($input:EditMessageInput!){editMessage(input:$input){__typename ...on EditMessageSuccess{ack{...AckFields}message{...MessageFields}}...on RevisionConflictError{current{...MessageFields}}...ErrorFields}}", ackFields, cursorFields, messageFields, userFields, errorFields);
export const DeleteMessageDocument = /* @__PURE__ */ asDocument<DeleteMessageMutation, DeleteMessageMutationVariables>("mutation DeleteMessage($input:DeleteMessageInput!){deleteMessage(input:$input){__typename ...on DeleteMessageSuccess{ack{...AckFields}message{...MessageFields}}...ErrorFields}}", ackFields, cursorFields, messageFields, userFields, errorFields);
export const MarkReadDocument = /* @__PURE__ */ asDocument<MarkReadMutation, MarkReadMutationVariables>("mutation MarkRead($input:MarkReadInput!){markRead(input:$input){__typename ...on MarkReadSuccess{ack{outcome lastReadSeq lastDeliveredSeq unreadCount}entry{...EntryFields}}...ErrorFields}}", entryFields, errorFields);
export const MarkDeliveredDocument = /* @__PURE__ */ asDocument<MarkDeliveredMutation, MarkDeliveredMutationVariables>("mutation MarkDelivered($input:MarkDeliveredInput!){markDelivered(input:$input){__typename ...on MarkDeliveredSuccess{ack{outcome lastReadSeq lastDeliveredSeq unreadCount}}...ErrorFields}}", errorFields);
export const MessageStatusDocument = /* @__PURE__ */ asDocument<MessageStatusQuery, MessageStatusQueryVariables>("query MessageStatus($id:ID!$first:Int$after:String){node(id:$id){...on Message{...MessageFields status readBy(first:$first after:$after){nodes{readAt user{...UserFields}}pageInfo{hasNextPage endCursor}}}}}", messageFields, userFields);
export const WriteStatusDocument = /* @__PURE__ */ asDocument<WriteStatusQuery, WriteStatusQueryVariables>("query WriteStatus($opKey:String!){writeStatus(opKey:$opKey){state cursor{...CursorFields}message{...MessageFields}}}", cursorFields, messageFields, userFields);
export const MarkAllReadDocument = /* @__PURE__ */ asDocument<MarkAllReadMutation, MarkAllReadMutationVariables>("mutation MarkAllRead($input:MarkAllReadInput){markAllRead(input:$input){changedCount viewer{unreadConversationCount}}}");
export const SearchMessagesDocument = /* @__PURE__ */ asDocument<SearchMessagesQuery, SearchMessagesQueryVariables>("query SearchMessages($query:String!$conversationId:ID$senderId:ID$from:DateTime$to:DateTime$hasAttachment:Boolean$first:Int$after:String){searchMessages(query:$query conversationId:$conversationId senderId:$senderId from:$from to:$to hasAttachment:$hasAttachment first:$first after:$after){edges{cursor node{...MessageFields conversation{id}}snippet{text ranges{start end}}}pageInfo{hasNextPage endCursor}}}", messageFields, userFields);
export const SuspendUserDocument = /* @__PURE__ */ asDocument<SuspendUserMutation, SuspendUserMutationVariables>("mutation SuspendUser($input:SuspendUserInput!){suspendUser(input:$input){__typename ...on SuspendUserSuccess{suspension{reason until since user{...UserFields}}}...on Error{...ErrorFields}}}", userFields, errorFields);
export const UnsuspendUserDocument = /* @__PURE__ */ asDocument<UnsuspendUserMutation, UnsuspendUserMutationVariables>("mutation UnsuspendUser($input:UnsuspendUserInput!){unsuspendUser(input:$input){__typename ...on UnsuspendUserSuccess{user{...UserFields}}...on Error{...ErrorFields}}}", userFields, errorFields);
export const SuspensionsDocument = /* @__PURE__ */ asDocument<SuspensionsQuery, SuspensionsQueryVariables>("query Suspensions($first:Int$after:String){suspensions(first:$first after:$after){nodes{reason until since user{...UserFields}by{...UserFields}}pageInfo{hasNextPage endCursor}}}", userFields);
export const MembersPresenceDocument = /* @__PURE__ */ asDocument<MembersPresenceQuery, MembersPresenceQueryVariables>("query MembersPresence($id:ID!$first:Int$after:String){conversation(id:$id){members(first:$first after:$after){nodes{id user{...UserFields presence{...PresenceFields}}}pageInfo{hasNextPage endCursor}}}}", userFields, presenceFields);
export const HeartbeatDocument = /* @__PURE__ */ asDocument<HeartbeatMutation, HeartbeatMutationVariables>("mutation Heartbeat($input:HeartbeatInput!){heartbeat(input:$input){...PresenceFields}}", presenceFields);
export const PresenceEventsDocument = /* @__PURE__ */ asDocument<PresenceEventsSubscription, PresenceEventsSubscriptionVariables>("subscription PresenceEvents($userIds:[ID!]!){presenceEvents(userIds:$userIds){user{...UserFields}presence{...PresenceFields}}}", userFields, presenceFields);
export const ToggleReactionDocument = /* @__PURE__ */ asDocument<ToggleReactionMutation, ToggleReactionMutationVariables>("mutation ToggleReaction($input:ToggleReactionInput!){toggleReaction(input:$input){__typename ...on ToggleReactionSuccess{ack{...AckFields}message{...MessageFields reactions{...ReactionFields}}}...ErrorFields}}", ackFields, cursorFields, messageFields, userFields, reactionFields, errorFields);
export const ReactionsDocument = /* @__PURE__ */ asDocument<ReactionsQuery, ReactionsQueryVariables>("query Reactions($ids:[ID!]!){nodes(ids:$ids){...on Message{id reactions{...ReactionFields firstUsers{...UserFields}}}}}", reactionFields, userFields);
export const ReactedByDocument = /* @__PURE__ */ asDocument<ReactedByQuery, ReactedByQueryVariables>("query ReactedBy($id:ID!$emoji:String!$first:Int$after:String){node(id:$id){...on Message{id reactedBy(emoji:$emoji first:$first after:$after){nodes{...UserFields}pageInfo{hasNextPage endCursor}}}}}", userFields);
export const ReportMessageDocument = /* @__PURE__ */ asDocument<ReportMessageMutation, ReportMessageMutationVariables>("mutation ReportMessage($input:ReportMessageInput!){reportMessage(input:$input){__typename ...on ReportMessageSuccess{report{...ReportFields}}...on Error{...ErrorFields}}}", reportFields, userFields, errorFields);
export const ReportUserDocument = /* @__PURE__ */ asDocument<ReportUserMutation, ReportUserMutationVariables>("mutation ReportUser($input:ReportUserInput!){reportUser(input:$input){__typename ...on ReportUserSuccess{report{...ReportFields}}...on Error{...ErrorFields}}}", reportFields, userFields, errorFields);
export const BanMemberDocument = /* @__PURE__ */ asDocument<BanMemberMutation, BanMemberMutationVariables>("mutation BanMember($input:BanMemberInput!){banMember(input:$input){__typename ...on BanMemberSuccess{conversation{id}}...on Error{...ErrorFields}}}", errorFields);
export const ReportsDocument = /* @__PURE__ */ asDocument<ReportsQuery, ReportsQueryVariables>("query Reports($first:Int$after:String$state:ReportState){reports(first:$first after:$after state:$state){nodes{...ReportFields reporter{...UserFields}conversationId evidence{text revision sentAt editedAt revisions{text revision since}fileNames}resolvedBy{...UserFields}note}pageInfo{hasNextPage endCursor}}}", reportFields, userFields);
export const ResolveReportDocument = /* @__PURE__ */ asDocument<ResolveReportMutation, ResolveReportMutationVariables>("mutation ResolveReport($input:ResolveReportInput!){resolveReport(input:$input){__typename ...on ResolveReportSuccess{report{...ReportFields}}...on Error{...ErrorFields}}}", reportFields, userFields, errorFields);
export const RemoveMessageDocument = /* @__PURE__ */ asDocument<RemoveMessageMutation, RemoveMessageMutationVariables>("mutation RemoveMessage($input:RemoveMessageInput!){removeMessage(input:$input){__typename ...on RemoveMessageSuccess{messageId}...on Error{...ErrorFields}}}", errorFields);
export const BansDocument = /* @__PURE__ */ asDocument<BansQuery, BansQueryVariables>("query Bans($conversationId:ID!$first:Int$after:String){bans(conversationId:$conversationId first:$first after:$after){nodes{user{...UserFields}by{...UserFields}bannedAt}pageInfo{hasNextPage endCursor}}}", userFields);
export const RequestsDocument = /* @__PURE__ */ asDocument<RequestsQuery, RequestsQueryVariables>("query Requests($first:Int$after:String){inbox(first:$first after:$after filter:REQUESTS){nodes{...RequestFields conversation{id lastMessage{...MessageFields}}}pageInfo{hasNextPage endCursor}}}", requestFields, entryFields, userFields, messageFields);
export const AcceptRequestDocument = /* @__PURE__ */ asDocument<AcceptRequestMutation, AcceptRequestMutationVariables>("mutation AcceptRequest($input:AcceptRequestInput!){acceptRequest(input:$input){__typename ...on AcceptRequestSuccess{entry{...RequestFields}}...on Error{...ErrorFields}}}", requestFields, entryFields, userFields, errorFields);
export const DeclineRequestDocument = /* @__PURE__ */ asDocument<DeclineRequestMutation, DeclineRequestMutationVariables>("mutation DeclineRequest($input:DeclineRequestInput!){declineRequest(input:$input){__typename ...on DeclineRequestSuccess{conversationId}...on Error{...ErrorFields}}}", errorFields);
export const SetMemberRoleDocument = /* @__PURE__ */ asDocument<SetMemberRoleMutation, SetMemberRoleMutationVariables>("mutation SetMemberRole($input:SetMemberRoleInput!){setMemberRole(input:$input){__typename ...on SetMemberRoleSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const TransferOwnershipDocument = /* @__PURE__ */ asDocument<TransferOwnershipMutation, TransferOwnershipMutationVariables>("mutation TransferOwnership($input:TransferOwnershipInput!){transferOwnership(input:$input){__typename ...on TransferOwnershipSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const SetMemberPermissionsDocument = /* @__PURE__ */ asDocument<SetMemberPermissionsMutation, SetMemberPermissionsMutationVariables>("mutation SetMemberPermissions($input:SetMemberPermissionsInput!){setMemberPermissions(input:$input){__typename ...on SetMemberPermissionsSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const SetHistoryVisibilityDocument = /* @__PURE__ */ asDocument<SetHistoryVisibilityMutation, SetHistoryVisibilityMutationVariables>("mutation SetHistoryVisibility($input:SetHistoryVisibilityInput!){setHistoryVisibility(input:$input){__typename ...on SetHistoryVisibilitySuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const HideConversationDocument = /* @__PURE__ */ asDocument<HideConversationMutation, HideConversationMutationVariables>("mutation HideConversation($input:HideConversationInput!){hideConversation(input:$input){__typename ...on HideConversationSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const DeleteConversationDocument = /* @__PURE__ */ asDocument<DeleteConversationMutation, DeleteConversationMutationVariables>("mutation DeleteConversation($input:DeleteConversationInput!){deleteConversation(input:$input){__typename ...on DeleteConversationSuccess{conversation{...ConversationFields}}...ErrorFields}}", conversationFields, cursorFields, userFields, errorFields);
export const ServerDocument = /* @__PURE__ */ asDocument<ServerQuery, ServerQueryVariables>("query Server{server{apiVersion time}}");
export const RegisterDocument = /* @__PURE__ */ asDocument<RegisterMutation, RegisterMutationVariables>("mutation Register($input:RegisterInput!){register(input:$input){__typename ...on RegisterSuccess{session{...SessionFields}}...ErrorFields}}", sessionFields, userFields, errorFields);
export const LoginDocument = /* @__PURE__ */ asDocument<LoginMutation, LoginMutationVariables>("mutation Login($input:LoginInput!){login(input:$input){__typename ...on LoginSuccess{session{...SessionFields}}...ErrorFields}}", sessionFields, userFields, errorFields);
export const AcceptInvitationDocument = /* @__PURE__ */ asDocument<AcceptInvitationMutation, AcceptInvitationMutationVariables>("mutation AcceptInvitation($input:AcceptInvitationInput!){acceptInvitation(input:$input){__typename ...on AcceptInvitationSuccess{session{...SessionFields}}...ErrorFields}}", sessionFields, userFields, errorFields);
export const RefreshSessionDocument = /* @__PURE__ */ asDocument<RefreshSessionMutation, RefreshSessionMutationVariables>("mutation RefreshSession($input:RefreshSessionInput){refreshSession(input:$input){__typename ...on RefreshSessionSuccess{session{...SessionFields}}...ErrorFields}}", sessionFields, userFields, errorFields);
export const LogoutDocument = /* @__PURE__ */ asDocument<LogoutMutation, LogoutMutationVariables>("mutation Logout{logout}");
export const ViewerDocument = /* @__PURE__ */ asDocument<ViewerQuery, ViewerQueryVariables>("query Viewer{viewer{id user{...UserFields}cursor{...CursorFields}settings{...SettingsFields}unreadConversationCount}}", userFields, cursorFields, settingsFields);
export const UpdateSettingsDocument = /* @__PURE__ */ asDocument<UpdateSettingsMutation, UpdateSettingsMutationVariables>("mutation UpdateSettings($input:UpdateSettingsInput!){updateSettings(input:$input){id settings{...SettingsFields}}}", settingsFields);
export const SearchUsersDocument = /* @__PURE__ */ asDocument<SearchUsersQuery, SearchUsersQueryVariables>("query SearchUsers($query:String!$first:Int$after:String){searchUsers(query:$query first:$first after:$after){nodes{...UserFields}pageInfo{hasNextPage endCursor}}}", userFields);
export const SessionsDocument = /* @__PURE__ */ asDocument<SessionsQuery, SessionsQueryVariables>("query Sessions{viewer{id sessions{id device createdAt lastUsedAt current}}}");
export const RevokeSessionDocument = /* @__PURE__ */ asDocument<RevokeSessionMutation, RevokeSessionMutationVariables>("mutation RevokeSession($input:RevokeSessionInput!){revokeSession(input:$input){__typename ...on Error{...ErrorFields}}}", errorFields);
export const RenewTokenDocument = /* @__PURE__ */ asDocument<RenewTokenMutation, RenewTokenMutationVariables>("mutation RenewToken($input:RenewTokenInput!){renewToken(input:$input){__typename ...on RenewTokenSuccess{expiresAt}...on Error{code reason}}}");
export const OpenSupportDocument = /* @__PURE__ */ asDocument<OpenSupportMutation, OpenSupportMutationVariables>("mutation OpenSupport($input:OpenSupportInput!){openSupport(input:$input){__typename ...on OpenSupportSuccess{conversation{...ConversationFields ...SupportFields}}...on Error{code reason}}}", conversationFields, cursorFields, userFields, supportFields);
export const SupportQueueDocument = /* @__PURE__ */ asDocument<SupportQueueQuery, SupportQueueQueryVariables>("query SupportQueue($first:Int$after:String$status:SupportStatus){supportQueue(first:$first after:$after status:$status){nodes{...ConversationFields ...SupportFields lastMessage{...MessageFields}}resume pageInfo{hasNextPage endCursor}}}", conversationFields, cursorFields, userFields, supportFields, messageFields);
export const AssignSupportDocument = /* @__PURE__ */ asDocument<AssignSupportMutation, AssignSupportMutationVariables>("mutation AssignSupport($input:AssignSupportInput!){assignSupport(input:$input){__typename ...on AssignSupportSuccess{conversation{id ...SupportFields}}...on Error{code reason}}}", supportFields, userFields);
export const SetSupportStatusDocument = /* @__PURE__ */ asDocument<SetSupportStatusMutation, SetSupportStatusMutationVariables>("mutation SetSupportStatus($input:SetSupportStatusInput!){setSupportStatus(input:$input){__typename ...on SetSupportStatusSuccess{conversation{id ...SupportFields}}...on Error{code reason}}}", supportFields, userFields);
export const UnansweredCountDocument = /* @__PURE__ */ asDocument<UnansweredCountQuery, UnansweredCountQueryVariables>("query UnansweredCount{viewer{id unansweredCount}}");
export const SupportEventsDocument = /* @__PURE__ */ asDocument<SupportEventsSubscription, SupportEventsSubscriptionVariables>("subscription SupportEvents($after:[StreamCursorInput!]$resume:String){supportEvents(after:$after resume:$resume){...EventFields resume}}", eventFields, cursorFields, messageFields, userFields, reactionFields, conversationFields, pinFields, entryFields);
export const SyncInboxEventsDocument = /* @__PURE__ */ asDocument<SyncInboxEventsSubscription, SyncInboxEventsSubscriptionVariables>("subscription SyncInboxEvents($resume:String){inboxEvents(resume:$resume){__typename resume ...SyncEvent}}", syncEvent, cursorFields, syncMessage, syncUser, attachmentFields, syncConversation, entryFields);
export const SyncSupportEventsDocument = /* @__PURE__ */ asDocument<SyncSupportEventsSubscription, SyncSupportEventsSubscriptionVariables>("subscription SyncSupportEvents($resume:String){supportEvents(resume:$resume){__typename resume ...SyncEvent}}", syncEvent, cursorFields, syncMessage, syncUser, attachmentFields, syncConversation, entryFields);
export const SyncResyncDocument = /* @__PURE__ */ asDocument<SyncResyncQuery, SyncResyncQueryVariables>("query SyncResync($resume:String!$limit:Int){resync(resume:$resume limit:$limit){resume streams{streamId hasMore events{__typename ...SyncEvent}}}}", syncEvent, cursorFields, syncMessage, syncUser, attachmentFields, syncConversation, entryFields);
export const SyncBlockedUsersDocument = /* @__PURE__ */ asDocument<SyncBlockedUsersQuery, SyncBlockedUsersQueryVariables>("query SyncBlockedUsers($first:Int!$after:String){viewer{id blockedUsers(first:$first after:$after){...SyncBlocked}}}", syncBlocked, syncUser);
export const SyncViewerDocument = /* @__PURE__ */ asDocument<SyncViewerQuery, SyncViewerQueryVariables>("query SyncViewer($blocked:Int!){viewer{id user{...SyncUser role}settings{...SettingsFields}unreadConversationCount unansweredCount blockedUsers(first:$blocked){...SyncBlocked}cursor{...CursorFields}}}", syncUser, settingsFields, syncBlocked, cursorFields);
export const SyncInboxDocument = /* @__PURE__ */ asDocument<SyncInboxQuery, SyncInboxQueryVariables>("query SyncInbox($first:Int$after:String$filter:InboxFilter$messages:Int!){inbox(first:$first after:$after filter:$filter){resume cursor{...CursorFields}nodes{...EntryFields conversation{...SyncConversation messages(last:$messages){...SyncPage}}}pageInfo{hasNextPage endCursor}}}", cursorFields, entryFields, syncConversation, syncUser, syncPage, syncMessage, attachmentFields);
export const SyncConversationDocument = /* @__PURE__ */ asDocument<SyncConversationQuery, SyncConversationQueryVariables>("query SyncConversation($id:ID!$messages:Int!$members:Int!){viewer{cursor{...CursorFields}}conversation(id:$id){...SyncConversation viewerEntry{...EntryFields}members(first:$members){nodes{...SyncMember}pageInfo{hasNextPage endCursor}}messages(last:$messages){...SyncPage}}}", cursorFields, syncConversation, syncUser, entryFields, syncMember, syncPage, syncMessage, attachmentFields);
export const SyncMessagesDocument = /* @__PURE__ */ asDocument<SyncMessagesQuery, SyncMessagesQueryVariables>("query SyncMessages($id:ID!$first:Int$after:String$last:Int$before:String){conversation(id:$id){id messages(first:$first after:$after last:$last before:$before){...SyncPage}}}", syncPage, cursorFields, syncMessage, syncUser, attachmentFields);
export const SyncMembersDocument = /* @__PURE__ */ asDocument<SyncMembersQuery, SyncMembersQueryVariables>("query SyncMembers($id:ID!$first:Int!$after:String){conversation(id:$id){id cursor{...CursorFields}members(first:$first after:$after){nodes{...SyncMember}pageInfo{hasNextPage endCursor}}}}", cursorFields, syncMember, syncUser);
export const SyncMessageDocument = /* @__PURE__ */ asDocument<SyncMessageQuery, SyncMessageQueryVariables>("query SyncMessage($id:ID!){node(id:$id){__typename id ...on Message{...SyncMessage conversation{id}}}}", syncMessage, syncUser, attachmentFields);
export const SyncEntriesDocument = /* @__PURE__ */ asDocument<SyncEntriesQuery, SyncEntriesQueryVariables>("query SyncEntries($ids:[ID!]!){nodes(ids:$ids){__typename ...on InboxEntry{...EntryFields conversation{id readByAllSeq deliveredToAllSeq memberCount cursor{...CursorFields}}}}}", entryFields, cursorFields);
export const SyncSupportQueueDocument = /* @__PURE__ */ asDocument<SyncSupportQueueQuery, SyncSupportQueueQueryVariables>("query SyncSupportQueue($first:Int$after:String$status:SupportStatus$messages:Int!){supportQueue(first:$first after:$after status:$status){resume nodes{...SyncConversation viewerEntry{...EntryFields}messages(last:$messages){...SyncPage}}pageInfo{hasNextPage endCursor}}}", syncConversation, syncUser, cursorFields, entryFields, syncPage, syncMessage, attachmentFields);
export const SyncSendMessageDocument = /* @__PURE__ */ asDocument<SyncSendMessageMutation, SyncSendMessageMutationVariables>("mutation SyncSendMessage($input:SendMessageInput!){sendMessage(input:$input){__typename ...on SendMessageSuccess{ack{...AckFields}message{...SyncMessage}}...ErrorFields}}", ackFields, cursorFields, syncMessage, syncUser, attachmentFields, errorFields);
export const PinMessageDocument = /* @__PURE__ */ asDocument<PinMessageMutation, PinMessageMutationVariables>("mutation PinMessage($input:PinMessageInput!){pinMessage(input:$input){__typename ...on PinMessageSuccess{ack{...AckFields}message{...MessageFields pinnedAt}}...ErrorFields}}", ackFields, cursorFields, messageFields, userFields, errorFields);
export const PinnedMessagesDocument = /* @__PURE__ */ asDocument<PinnedMessagesQuery, PinnedMessagesQueryVariables>("query PinnedMessages($id:ID!){conversation(id:$id){cursor{...CursorFields}pinnedMessages{...MessageFields pinnedAt}}}", cursorFields, messageFields, userFields);
export const RepliesDocument = /* @__PURE__ */ asDocument<RepliesQuery, RepliesQueryVariables>("query Replies($id:ID!$first:Int$after:String){node(id:$id){...on Message{...MessageFields replyCount replies(first:$first after:$after){cursor{...CursorFields}nodes{...SyncMessage}pageInfo{hasNextPage hasPreviousPage endCursor}}}}}", messageFields, userFields, cursorFields, syncMessage, syncUser, attachmentFields);
export const SetTypingDocument = /* @__PURE__ */ asDocument<SetTypingMutation, SetTypingMutationVariables>("mutation SetTyping($input:SetTypingInput!){setTyping(input:$input)}");
export const TypingEventsDocument = /* @__PURE__ */ asDocument<TypingEventsSubscription, TypingEventsSubscriptionVariables>("subscription TypingEvents($conversationId:ID!){typingEvents(conversationId:$conversationId){conversationId typing user{...UserFields}}}", userFields);