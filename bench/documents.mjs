// The operations that every GraphQL contender answers, word for word the same. They are valid against schema.graphql.

/** HTTP POST. Variables: { input: { conversationId, clientMessageId, text } }. Success: __typename SendMessageSuccess. */
export const sendMessage = `mutation SendMessage($input: SendMessageInput!) {
  sendMessage(input: $input) { __typename ... on SendMessageSuccess { message { id seq } } }
}`

/** HTTP POST. Newest activity first, 50 of the viewer's conversations. */
export const inbox = `query Inbox {
  inbox(first: 50) {
    edges { node { unreadCount conversation { id title lastMessage { seq text sender { displayName } } } } }
  }
}`

/** HTTP POST. Variables: { id }. The newest 50 messages, oldest of them first. */
export const messages = `query Messages($id: ID!) {
  conversation(id: $id) {
    messages(last: 50) { edges { node { id seq text createdAt sender { displayName } } } }
  }
}`

/** graphql-transport-ws. Variables: { conversationId }. Live from now. */
export const messageEvents = `subscription MessageEvents($conversationId: ID!) {
  messageEvents(conversationId: $conversationId) {
    __typename ... on MessageSent { message { id seq text sender { id } } }
  }
}`

/** The same from a position in the log: only for contenders with `resumes: true`, when clients come back. */
export const messageEventsAfter = `subscription MessageEventsAfter($conversationId: ID!, $after: Int) {
  messageEvents(conversationId: $conversationId, after: $after) {
    __typename ... on MessageSent { message { id seq text sender { id } } cursor { eventSeq } }
  }
}`
