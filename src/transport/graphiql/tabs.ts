import { placeholderToken } from '../authenticate.ts'
import { account } from './account-tab.ts'
import { demoPassword, placeholders } from './demo.ts'
import { group } from './group-tab.ts'
import { mention } from './mention-tab.ts'
import { messages } from './message-tab.ts'
import { moderation } from './moderation-tab.ts'
import { reaction } from './reaction-tab.ts'
import { hide } from './hide-tab.ts'
import { requests } from './requests-tab.ts'
import { search } from './search-tab.ts'
import { support } from './support-tab.ts'
import { upload } from './upload-tab.ts'
import { webhook } from './webhook-tab.ts'

/** Stands in the Headers tab of each starter tab, and of every new one. */
export const starterHeaders = JSON.stringify({ authorization: `Bearer ${placeholderToken}` }, null, 2)

function tab(query: string, variables?: object) {
  return {
    query: query.trim(),
    headers: starterHeaders,
    variables: variables ? JSON.stringify(variables, null, 2) : '{}',
  }
}

const { conversationId, peerId, clientMessageId } = placeholders

/** A first conversation, from registering to reading, in the order of the tabs. Lines fit the half-width editor. */
export const starterTabs = [
  tab(`
# Welcome to Parley. These tabs walk through a first
# conversation, from left to right; Ctrl-Enter runs one.
#
# 1. Register two people. The answer has an access token
#    for each, good for 15 minutes.
#    (Did this before? The next tab logs them in.)
mutation RegisterTwoPeople {
  ana: register(input: {
    handle: "ana", displayName: "Ana"
    password: "${demoPassword}"
  }) {
    ...AccessToken
  }
  ben: register(input: {
    handle: "ben", displayName: "Ben"
    password: "${demoPassword}"
  }) {
    ...AccessToken
  }
}

fragment AccessToken on RegisterResult {
  ... on RegisterSuccess {
    session { accessToken user { id handle } }
  }
  ... on Error { code reason }
}`),
  tab(`
# Only when the tokens have expired, or when the two were
# registered before.
mutation LogIn {
  ana: login(input: {
    handle: "ana", password: "${demoPassword}"
  }) {
    ...AccessToken
  }
  ben: login(input: {
    handle: "ben", password: "${demoPassword}"
  }) {
    ...AccessToken
  }
}

fragment AccessToken on LoginResult {
  ... on LoginSuccess {
    session { accessToken user { id handle } }
  }
  ... on Error { code reason }
}`),
  tab(
    `
# 2. As Ana: paste her access token into Headers below,
#    and Ben's user id into Variables. Running it again
#    gives the same conversation.
mutation StartDirect($userId: ID!) {
  startDirect(input: { userId: $userId }) {
    ... on StartDirectSuccess {
      conversation {
        id
        headSeq
        peer { handle }
        cursor { streamId eventSeq }
      }
    }
    ... on Error { code reason }
  }
}`,
    { userId: peerId },
  ),
  tab(
    `
# 3. As Ben: paste HIS access token into Headers and the
#    conversation's id into Variables. Run this and leave
#    it running: it listens over a WebSocket.
#    GraphiQL shows the newest event only, and stops when
#    you change tabs: open this page in a second window
#    to send from there.
#    After a dropped connection go on without a gap: pass
#    the last eventSeq as "after".
subscription WatchConversation(
  $conversationId: ID!
  $after: Int
) {
  conversationEvents(
    conversationId: $conversationId
    after: $after
  ) {
    __typename
    cursor { eventSeq }
    occurredAt
    ... on MessageSent {
      message { seq text sender { handle } }
    }
    ... on ReceiptAdvanced {
      receipts { user { handle } lastReadSeq }
    }
  }
}`,
    { conversationId, after: 0 },
  ),
  tab(
    `
# 4. As Ana, in the second window. The same
#    clientMessageId again gives the same message, with
#    the outcome DUPLICATE: a retry never sends twice.
mutation SendMessage($input: SendMessageInput!) {
  sendMessage(input: $input) {
    ... on SendMessageSuccess {
      ack { outcome cursor { eventSeq } }
      message { id seq text createdAt }
    }
    ... on Error { code reason }
  }
}`,
    { input: { conversationId, clientMessageId, text: 'Hello, Ben!' } },
  ),
  tab(`
# 5. As Ben: the inbox, and what is unread in it.
query Inbox {
  viewer {
    user { handle }
    unreadConversationCount
  }
  inbox(first: 25) {
    edges {
      node {
        unreadCount
        conversation {
          id
          title
          peer { handle }
          lastMessage { seq text sender { handle } }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`),
  tab(
    `
# 6. The newest messages, oldest first. For older ones
#    pass pageInfo.startCursor as "before".
query Messages($conversationId: ID!, $before: String) {
  conversation(id: $conversationId) {
    headSeq
    cursor { streamId eventSeq }
    messages(last: 20, before: $before) {
      edges {
        node {
          id
          seq
          text
          status
          sender { handle }
          createdAt
          editedAt
          deletedAt
        }
      }
      pageInfo { hasPreviousPage startCursor }
    }
  }
}`,
    { conversationId, before: null },
  ),
  tab(
    `
# 7. As Ben: read up to message 1. Whoever watches the
#    conversation gets a ReceiptAdvanced.
mutation MarkRead($conversationId: ID!, $seq: Int!) {
  markRead(input: {
    conversationId: $conversationId, seq: $seq
  }) {
    ... on MarkReadSuccess {
      ack { outcome lastReadSeq unreadCount }
    }
    ... on Error { code reason }
  }
}`,
    { conversationId, seq: 1 },
  ),
  tab(`
# 8. Everything of one person in one subscription: every
#    conversation, also those that are started later.
subscription WatchInbox {
  inboxEvents {
    __typename
    cursor { streamId eventSeq }
    ... on MessageSent {
      message {
        seq
        text
        conversation { id }
        sender { handle }
      }
    }
    ... on InboxEntryChanged {
      conversationId
      entry { unreadCount }
    }
  }
}`),
  tab(mention.query, mention.variables),
  tab(upload.query, upload.variables),
  tab(support.query, support.variables),
  tab(reaction.query, reaction.variables),
  tab(hide.query, hide.variables),
  tab(search.query, search.variables),
  tab(messages.query, messages.variables),
  tab(group.query, group.variables),
  tab(account.query, account.variables),
  tab(webhook.query, webhook.variables),
  tab(requests.query, requests.variables),
  tab(moderation.query, moderation.variables),
]

/** The same for who signs in by a click, with what is then to be said, in the order of the tabs. */
const signedInComments: Record<string, string> = {
  WatchConversation: `
# Welcome to Parley. Press "Sign in as Ben" above, then
# run this with Ctrl-Enter, and leave it running: it
# listens over a WebSocket.
# Then open this page in a second window: sign in as Ana
# there, go to the next tab and run it.
# GraphiQL shows the newest event only, and stops when
# you change tabs. After a dropped connection go on
# without a gap: pass the last eventSeq as "after".`,
  SendMessage: `
# As Ana, in the second window. The same clientMessageId
# again gives the same message, with the outcome
# DUPLICATE: a retry never sends twice.`,
  Inbox: '\n# As Ben: the inbox, and what is unread in it.',
  Messages: `
# The newest messages, oldest first. For older ones pass
# pageInfo.startCursor as "before".`,
  MarkRead: `
# As Ben: read up to message 1. Whoever watches the
# conversation gets a ReceiptAdvanced.`,
  WatchInbox: `
# Everything of one person in one subscription: every
# conversation, also those that are started later.`,
  MentionBen: `
# As Ana: mention Ben. He is told although he may have
# muted it, and his inbox counts it until he has read it.`,
  CreateUpload: upload.signedInComment,
  SearchMessages: search.signedInComment,
  React: reaction.signedInComment,
  ThreadsPinsRevisions: messages.signedInComment,
  Groups: group.signedInComment,
  OpenSupport: support.signedInComment,
  Account: account.signedInComment,
  AskFirst: requests.signedInComment,
  ReportPerson: moderation.signedInComment,
  HideConversation: hide.signedInComment,
  CreateWebhook: webhook.signedInComment,
  StartDirect: '\n# Signing in has done this. Again gives the same.',
}

export const signedInTabs = Object.entries(signedInComments).map(([name, comment]) => {
  const found = starterTabs.find(({ query }) => new RegExp(` ${name}\\b`).test(query))
  if (!found) throw new Error(`there is no tab ${name}`)
  return { ...found, query: found.query.replace(/^(#.*\n)+/, `${comment.trim()}\n`) }
})
