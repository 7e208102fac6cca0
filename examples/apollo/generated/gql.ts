/* eslint-disable */
import * as types from './graphql.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      ... on LoginSuccess {\n        session {\n          accessToken\n          accessTokenExpiresAt\n          refreshToken\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": typeof types.LoginDocument,
    "\n  fragment EntryParts on InboxEntry {\n    id\n    unreadCount\n    conversation {\n      id\n      title\n      peer {\n        id\n        displayName\n      }\n      lastMessage {\n        id\n        seq\n        text\n      }\n    }\n  }\n": typeof types.EntryPartsFragmentDoc,
    "\n  query Inbox {\n    inbox(first: 25) {\n      resume\n      nodes {\n        ...EntryParts\n      }\n    }\n  }\n": typeof types.InboxDocument,
    "\n  fragment EntryChange on Message {\n    id\n    seq\n    text\n    conversation {\n      id\n      lastMessage {\n        id\n        seq\n        text\n      }\n      viewerEntry {\n        id\n        unreadCount\n      }\n    }\n  }\n": typeof types.EntryChangeFragmentDoc,
    "\n  subscription InboxEvents($resume: String, $after: [StreamCursorInput!]) {\n    inboxEvents(resume: $resume, after: $after) {\n      resume\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on InboxEntryChanged {\n        conversationId\n        entry {\n          ...EntryParts\n        }\n      }\n      ... on SnapshotRequired {\n        streamId\n        reason\n      }\n    }\n  }\n": typeof types.InboxEventsDocument,
    "\n  fragment MessageParts on Message {\n    id\n    seq\n    text\n    revision\n    sender {\n      id\n      displayName\n    }\n  }\n": typeof types.MessagePartsFragmentDoc,
    "\n  query Messages($conversationId: ID!, $before: String) {\n    conversation(id: $conversationId) {\n      id\n      messages(last: 50, before: $before) {\n        cursor {\n          eventSeq\n          mark\n        }\n        edges {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n        }\n      }\n    }\n  }\n": typeof types.MessagesDocument,
    "\n  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {\n    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        edge {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on SnapshotRequired {\n        reason\n      }\n    }\n  }\n": typeof types.ConversationEventsDocument,
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      ... on SendMessageSuccess {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": typeof types.SendMessageDocument,
};
const documents: Documents = {
    "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      ... on LoginSuccess {\n        session {\n          accessToken\n          accessTokenExpiresAt\n          refreshToken\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": types.LoginDocument,
    "\n  fragment EntryParts on InboxEntry {\n    id\n    unreadCount\n    conversation {\n      id\n      title\n      peer {\n        id\n        displayName\n      }\n      lastMessage {\n        id\n        seq\n        text\n      }\n    }\n  }\n": types.EntryPartsFragmentDoc,
    "\n  query Inbox {\n    inbox(first: 25) {\n      resume\n      nodes {\n        ...EntryParts\n      }\n    }\n  }\n": types.InboxDocument,
    "\n  fragment EntryChange on Message {\n    id\n    seq\n    text\n    conversation {\n      id\n      lastMessage {\n        id\n        seq\n        text\n      }\n      viewerEntry {\n        id\n        unreadCount\n      }\n    }\n  }\n": types.EntryChangeFragmentDoc,
    "\n  subscription InboxEvents($resume: String, $after: [StreamCursorInput!]) {\n    inboxEvents(resume: $resume, after: $after) {\n      resume\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on InboxEntryChanged {\n        conversationId\n        entry {\n          ...EntryParts\n        }\n      }\n      ... on SnapshotRequired {\n        streamId\n        reason\n      }\n    }\n  }\n": types.InboxEventsDocument,
    "\n  fragment MessageParts on Message {\n    id\n    seq\n    text\n    revision\n    sender {\n      id\n      displayName\n    }\n  }\n": types.MessagePartsFragmentDoc,
    "\n  query Messages($conversationId: ID!, $before: String) {\n    conversation(id: $conversationId) {\n      id\n      messages(last: 50, before: $before) {\n        cursor {\n          eventSeq\n          mark\n        }\n        edges {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n        }\n      }\n    }\n  }\n": types.MessagesDocument,
    "\n  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {\n    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        edge {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on SnapshotRequired {\n        reason\n      }\n    }\n  }\n": types.ConversationEventsDocument,
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      ... on SendMessageSuccess {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": types.SendMessageDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      ... on LoginSuccess {\n        session {\n          accessToken\n          accessTokenExpiresAt\n          refreshToken\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      ... on LoginSuccess {\n        session {\n          accessToken\n          accessTokenExpiresAt\n          refreshToken\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment EntryParts on InboxEntry {\n    id\n    unreadCount\n    conversation {\n      id\n      title\n      peer {\n        id\n        displayName\n      }\n      lastMessage {\n        id\n        seq\n        text\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment EntryParts on InboxEntry {\n    id\n    unreadCount\n    conversation {\n      id\n      title\n      peer {\n        id\n        displayName\n      }\n      lastMessage {\n        id\n        seq\n        text\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Inbox {\n    inbox(first: 25) {\n      resume\n      nodes {\n        ...EntryParts\n      }\n    }\n  }\n"): (typeof documents)["\n  query Inbox {\n    inbox(first: 25) {\n      resume\n      nodes {\n        ...EntryParts\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment EntryChange on Message {\n    id\n    seq\n    text\n    conversation {\n      id\n      lastMessage {\n        id\n        seq\n        text\n      }\n      viewerEntry {\n        id\n        unreadCount\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment EntryChange on Message {\n    id\n    seq\n    text\n    conversation {\n      id\n      lastMessage {\n        id\n        seq\n        text\n      }\n      viewerEntry {\n        id\n        unreadCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription InboxEvents($resume: String, $after: [StreamCursorInput!]) {\n    inboxEvents(resume: $resume, after: $after) {\n      resume\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on InboxEntryChanged {\n        conversationId\n        entry {\n          ...EntryParts\n        }\n      }\n      ... on SnapshotRequired {\n        streamId\n        reason\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription InboxEvents($resume: String, $after: [StreamCursorInput!]) {\n    inboxEvents(resume: $resume, after: $after) {\n      resume\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...EntryChange\n        }\n      }\n      ... on InboxEntryChanged {\n        conversationId\n        entry {\n          ...EntryParts\n        }\n      }\n      ... on SnapshotRequired {\n        streamId\n        reason\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment MessageParts on Message {\n    id\n    seq\n    text\n    revision\n    sender {\n      id\n      displayName\n    }\n  }\n"): (typeof documents)["\n  fragment MessageParts on Message {\n    id\n    seq\n    text\n    revision\n    sender {\n      id\n      displayName\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Messages($conversationId: ID!, $before: String) {\n    conversation(id: $conversationId) {\n      id\n      messages(last: 50, before: $before) {\n        cursor {\n          eventSeq\n          mark\n        }\n        edges {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Messages($conversationId: ID!, $before: String) {\n    conversation(id: $conversationId) {\n      id\n      messages(last: 50, before: $before) {\n        cursor {\n          eventSeq\n          mark\n        }\n        edges {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {\n    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        edge {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on SnapshotRequired {\n        reason\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {\n    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        edge {\n          cursor\n          node {\n            ...MessageParts\n          }\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on SnapshotRequired {\n        reason\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      ... on SendMessageSuccess {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      ... on SendMessageSuccess {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;