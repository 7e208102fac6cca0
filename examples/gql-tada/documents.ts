import { graphql } from './graphql.ts'

export const Login = graphql(`
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
`)

export const Inbox = graphql(`
  query Inbox {
    inbox(first: 25) {
      nodes {
        id
        unreadCount
        conversation {
          id
          title
          peer {
            id
            displayName
          }
        }
      }
    }
  }
`)

export const MessageParts = graphql(`
  fragment MessageParts on Message {
    id
    seq
    text
    revision
    sender {
      id
      displayName
    }
  }
`)

/** A page of messages, with the cursor of the very page: Conversation.cursor is renewed by other queries as well. */
export const Messages = graphql(
  `
    query Messages($conversationId: ID!, $before: String) {
      conversation(id: $conversationId) {
        id
        messages(last: 50, before: $before) {
          cursor {
            eventSeq
            mark
          }
          edges {
            cursor
            node {
              ...MessageParts
            }
          }
          pageInfo {
            hasPreviousPage
            startCursor
          }
        }
      }
    }
  `,
  [MessageParts],
)

export const ConversationEvents = graphql(
  `
    subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {
      conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {
        __typename
        cursor {
          streamId
          eventSeq
          mark
        }
        ... on MessageSent {
          edge {
            cursor
            node {
              ...MessageParts
            }
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
  `,
  [MessageParts],
)

export const SendMessage = graphql(
  `
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
  `,
  [MessageParts],
)
