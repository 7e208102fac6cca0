/* eslint-disable */
import * as types from './graphql.js';



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
    "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      __typename\n      ... on LoginSuccess {\n        session {\n          accessToken\n          accessTokenExpiresAt\n          refreshToken\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": typeof types.LoginDocument,
    "\n  query Inbox {\n    inbox(first: 25) {\n      nodes {\n        id\n        conversation {\n          id\n          title\n          peer {\n            displayName\n          }\n        }\n      }\n    }\n  }\n": typeof types.InboxDocument,
    "\n  fragment MessageParts on Message {\n    id\n    seq\n    text\n  }\n": typeof types.MessagePartsFragmentDoc,
    "\n  query Messages($conversationId: ID!) {\n    conversation(id: $conversationId) {\n      messages(last: 50) {\n        cursor {\n          eventSeq\n          mark\n        }\n        nodes {\n          ...MessageParts\n        }\n      }\n    }\n  }\n": typeof types.MessagesDocument,
    "\n  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {\n    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {\n      __typename\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on SnapshotRequired {\n        reason\n      }\n    }\n  }\n": typeof types.ConversationEventsDocument,
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      __typename\n      ... on SendMessageSuccess {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": typeof types.SendMessageDocument,
};
const documents: Documents = {
    "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      __typename\n      ... on LoginSuccess {\n        session {\n          accessToken\n          accessTokenExpiresAt\n          refreshToken\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": types.LoginDocument,
    "\n  query Inbox {\n    inbox(first: 25) {\n      nodes {\n        id\n        conversation {\n          id\n          title\n          peer {\n            displayName\n          }\n        }\n      }\n    }\n  }\n": types.InboxDocument,
    "\n  fragment MessageParts on Message {\n    id\n    seq\n    text\n  }\n": types.MessagePartsFragmentDoc,
    "\n  query Messages($conversationId: ID!) {\n    conversation(id: $conversationId) {\n      messages(last: 50) {\n        cursor {\n          eventSeq\n          mark\n        }\n        nodes {\n          ...MessageParts\n        }\n      }\n    }\n  }\n": types.MessagesDocument,
    "\n  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {\n    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {\n      __typename\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on SnapshotRequired {\n        reason\n      }\n    }\n  }\n": types.ConversationEventsDocument,
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      __typename\n      ... on SendMessageSuccess {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n": types.SendMessageDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      __typename\n      ... on LoginSuccess {\n        session {\n          accessToken\n          accessTokenExpiresAt\n          refreshToken\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n"): typeof import('./graphql.js').LoginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Inbox {\n    inbox(first: 25) {\n      nodes {\n        id\n        conversation {\n          id\n          title\n          peer {\n            displayName\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.js').InboxDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment MessageParts on Message {\n    id\n    seq\n    text\n  }\n"): typeof import('./graphql.js').MessagePartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Messages($conversationId: ID!) {\n    conversation(id: $conversationId) {\n      messages(last: 50) {\n        cursor {\n          eventSeq\n          mark\n        }\n        nodes {\n          ...MessageParts\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.js').MessagesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {\n    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {\n      __typename\n      cursor {\n        streamId\n        eventSeq\n        mark\n      }\n      ... on MessageSent {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageEdited {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on MessageDeleted {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on SnapshotRequired {\n        reason\n      }\n    }\n  }\n"): typeof import('./graphql.js').ConversationEventsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      __typename\n      ... on SendMessageSuccess {\n        message {\n          ...MessageParts\n        }\n      }\n      ... on Error {\n        code\n        reason\n      }\n    }\n  }\n"): typeof import('./graphql.js').SendMessageDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
