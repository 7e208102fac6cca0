// The operations that are measured at each size. `once` is requested before the first time, `prepare` before each; neither
// is timed, and their results go to `variables`.
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import * as documents from '../documents.mjs'
import { conversationId } from '../harness/ids.mjs'
import { firstOfPerson, group, heavyUser, longConversation, marker, peer, reader } from './sizes.mjs'

const markRead = `mutation MarkRead($input: MarkReadInput!) {
  markRead(input: $input) { __typename ... on MarkReadSuccess { ack { unreadCount } } }
}`

const inboxAfter = `query InboxAfter($after: String) {
  inbox(first: 50, after: $after) {
    edges { node { unreadCount conversation { id title lastMessage { seq text sender { displayName } } } } }
    pageInfo { endCursor }
  }
}`

const messagesBefore = `query MessagesBefore($id: ID!, $before: String) {
  conversation(id: $id) {
    messages(last: 50, before: $before) {
      edges { node { id seq text createdAt sender { displayName } } } pageInfo { startCursor }
    }
  }
}`

const sendTo = (conversation) => ({
  query: documents.sendMessage,
  as: peer,
  variables: () => ({
    input: {
      conversationId: conversationId(conversation),
      clientMessageId: randomUUID(),
      text: 'Is half past seven too early?',
    },
  }),
  isRight: ({ sendMessage }) => sendMessage.__typename === 'SendMessageSuccess',
})

const pageOf = (conversation, as) => ({
  query: documents.messages,
  as,
  variables: () => ({ id: conversationId(conversation) }),
  isRight: (data) => data.conversation.messages.edges.length === 50,
})

const markReadOf = (conversation) => ({
  query: markRead,
  as: reader,
  prepare: async (ask) => (await ask(sendTo(conversation))).sendMessage.message.seq,
  variables: (seq) => ({ input: { conversationId: conversationId(conversation), seq } }),
  isRight: (data) => data.markRead.__typename === 'MarkReadSuccess',
})

/** The unread count of one entry, wherever the conversation is in the inbox. */
const unreadOf = (conversation, as) => ({
  query: 'query Unread($id: ID!) { conversation(id: $id) { viewerEntry { unreadCount } } }',
  as,
  variables: () => ({ id: conversationId(conversation) }),
  isRight: (data) => Number.isInteger(data.conversation.viewerEntry.unreadCount),
})

/** @type {Record<string, Record<string, (place: number, size: number) => object>>} by curve and label */
export const operations = {
  conversations: {
    'inbox of 50': (place, size) => ({
      query: documents.inbox,
      as: heavyUser(place),
      variables: () => ({}),
      isRight: ({ inbox }) => inbox.edges.length === Math.min(50, size),
    }),
    'next page of the inbox': (place) => ({
      query: inboxAfter,
      as: heavyUser(place),
      once: async (ask, operation) => (await ask({ ...operation, variables: () => ({}) })).inbox.pageInfo.endCursor,
      variables: (after) => ({ after }),
      isRight: ({ inbox }) => Array.isArray(inbox.edges),
    }),
    'count of unread conversations': (place) => ({
      query: '{ viewer { unreadConversationCount } }',
      as: heavyUser(place),
      variables: () => ({}),
      isRight: ({ viewer }) => Number.isInteger(viewer.unreadConversationCount),
    }),
    'send to one of them': (place) => ({ ...sendTo(firstOfPerson(place)), as: heavyUser(place) }),
  },
  messages: {
    'newest page of 50': (place) => pageOf(longConversation(place), reader),
    'page of 50 in the middle': (place, size) => ({
      query: messagesBefore,
      as: reader,
      once: async (ask, operation) => {
        const newest = await ask({ ...operation, variables: () => ({ id: conversationId(longConversation(place)) }) })
        return cursorAt(newest.conversation.messages.pageInfo.startCursor, Math.floor(size / 2))
      },
      variables: (before) => ({ id: conversationId(longConversation(place)), before }),
      isRight: (data) => data.conversation.messages.edges.length === 50,
    }),
    send: (place) => sendTo(longConversation(place)),
    'unread count, nothing read': (place) => unreadOf(longConversation(place), reader),
    // By another person, as the reader must have read nothing.
    'mark read': (place) => ({ ...markReadOf(longConversation(place)), as: marker }),
  },
  members: {
    send: (place) => sendTo(group(place)),
    'newest page of 50': (place) => pageOf(group(place), reader),
    'mark read': (place) => markReadOf(group(place)),
    'first 50 members': (place, size) => ({
      query:
        'query Members($id: ID!) { conversation(id: $id) { memberCount members(first: 50) { nodes { user { displayName } } } } }',
      as: reader,
      variables: () => ({ id: conversationId(group(place)) }),
      isRight: (data) => data.conversation.members.nodes.length === Math.min(50, size),
    }),
    'newest 10 with status': (place) => ({
      query: 'query Status($id: ID!) { conversation(id: $id) { messages(last: 10) { nodes { seq status } } } }',
      as: peer,
      variables: () => ({ id: conversationId(group(place)) }),
      isRight: (data) => data.conversation.messages.nodes.length === 10,
    }),
    'who has read a message, first 50': (place) => ({
      query:
        'query ReadBy($id: ID!) { conversation(id: $id) { messages(last: 1) { nodes { readBy(first: 50) { nodes { readAt } } } } } }',
      as: peer,
      variables: () => ({ id: conversationId(group(place)) }),
      isRight: (data) => data.conversation.messages.nodes.length === 1,
    }),
  },
}

/**
 * Reaching this place page by page would take hours with millions of messages. So a page's cursor is moved to another seq.
 */
function cursorAt(cursor, seq) {
  const [kind, place, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  if (typeof place !== 'number' || rest.length > 0) throw new Error('cursors of messages are not what they were')
  return Buffer.from(JSON.stringify([kind, seq])).toString('base64url')
}
