import { graphql } from './generated/index.ts'

export const Login = graphql(`
  mutation Login($input: LoginInput!) {
    login(input: $input) {
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

export const EntryParts = graphql(`
  fragment EntryParts on InboxEntry {
    id
    unreadCount
    conversation {
      id
      title
      peer {
        id
        displayName
      }
      lastMessage {
        id
        seq
        text
      }
    }
  }
`)

/** `resume`: inboxEvents goes on from here in all conversations, whether they are on this page or not. */
export const Inbox = graphql(`
  query Inbox {
    inbox(first: 25) {
      resume
      nodes {
        ...EntryParts
      }
    }
  }
`)

/** What a message changes in its entry comes with it, by their ids. */
export const EntryChange = graphql(`
  fragment EntryChange on Message {
    id
    seq
    text
    conversation {
      id
      lastMessage {
        id
        seq
        text
      }
      viewerEntry {
        id
        unreadCount
      }
    }
  }
`)

export const InboxEvents = graphql(`
  subscription InboxEvents($resume: String, $after: [StreamCursorInput!]) {
    inboxEvents(resume: $resume, after: $after) {
      resume
      cursor {
        streamId
        eventSeq
        mark
      }
      ... on MessageSent {
        message {
          ...EntryChange
        }
      }
      ... on MessageEdited {
        message {
          ...EntryChange
        }
      }
      ... on MessageDeleted {
        message {
          ...EntryChange
        }
      }
      ... on InboxEntryChanged {
        conversationId
        entry {
          ...EntryParts
        }
      }
      ... on SnapshotRequired {
        streamId
        reason
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
export const Messages = graphql(`
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
`)

/** `edge` is the edge that the page would have. Edits and deletions find their message in the cache by its id. */
export const ConversationEvents = graphql(`
  subscription ConversationEvents($conversationId: ID!, $after: Int, $mark: String) {
    conversationEvents(conversationId: $conversationId, after: $after, mark: $mark) {
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
`)

export const SendMessage = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
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
`)
