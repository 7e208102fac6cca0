import { expect, test } from 'vitest'
import { SubscriptionPosition } from '../../../sdk/src/links/subscription-position.ts'

const conversation = `subscription ($id: ID!, $from: Int, $m: String) {
  live: conversationEvents(conversationId: $id, after: $from, mark: $m) { ...Parts }
}
fragment Parts on ConversationEvent { ... on StreamEvent { at: cursor { ...C } } ... on MessageSent { message { id } } }
fragment C on StreamCursor { streamId eventSeq mark }`
const inbox = `subscription ($after: [StreamCursorInput!], $resume: String) {
  inboxEvents(after: $after, resume: $resume) { resume cursor { streamId eventSeq mark } }
}`
const cursor = (streamId: string, eventSeq: number, mark = `m${eventSeq}`) => ({ streamId, eventSeq, mark })

test('a conversation goes on after the newest event, by the names that the document has', () => {
  const position = SubscriptionPosition.of({ query: conversation, variables: { id: 'c', from: 3, m: 'm3' } })!
  expect(position.variables).toEqual({ id: 'c', from: 3, m: 'm3' })
  position.take({ data: { live: { at: cursor('c', 4) } } })
  position.take({ data: { live: { at: cursor('c', 5) } } })
  position.take({ data: null })
  expect(position.variables).toEqual({ id: 'c', from: 5, m: 'm5' })
})

test('an inbox goes on by its newest token, which stands for all streams', () => {
  const variables = { after: [cursor('a', 1), cursor('b', 7)] }
  const position = SubscriptionPosition.of({ query: inbox, variables })!
  position.take({ data: { inboxEvents: { resume: null, cursor: cursor('a', 2) } } })
  position.take({ data: { inboxEvents: { resume: null, cursor: cursor('c', 1) } } })
  expect(position.variables).toEqual({ after: [cursor('a', 2), cursor('b', 7), cursor('c', 1)], resume: null })
  position.take({ data: { inboxEvents: { resume: 'token 1', cursor: cursor('b', 8) } } })
  expect(position.variables).toEqual({ after: null, resume: 'token 1' })
  position.take({ data: { inboxEvents: { resume: 'token 2', cursor: cursor('b', 9) } } })
  expect(position.variables).toEqual({ after: null, resume: 'token 2' })
})

test('a token that the inbox was read with holds until there is a newer one; single cursors go beside it', () => {
  const position = SubscriptionPosition.of({ query: inbox, variables: { resume: 'first' } })!
  expect(position.variables).toEqual({ after: null, resume: 'first' })
  position.take({ data: { inboxEvents: { resume: null, cursor: cursor('a', 2) } } })
  expect(position.variables).toEqual({ after: [cursor('a', 2)], resume: 'first' })
})

test('an inbox without a token, and one with a token alone', () => {
  const plain = `subscription ($c: [StreamCursorInput!]) { inboxEvents(after: $c) { cursor { streamId eventSeq } } }`
  const byCursors = SubscriptionPosition.of({ query: plain })!
  byCursors.take({ data: { inboxEvents: { cursor: { streamId: 'a', eventSeq: 2 } } } })
  expect(byCursors.variables).toEqual({ c: [{ streamId: 'a', eventSeq: 2, mark: null }] })
  const query = `subscription ($r: String) { inboxEvents(resume: $r) { resume } }`
  const byToken = SubscriptionPosition.of({ query, variables: { r: 'first' } })!
  byToken.take({ data: { inboxEvents: { resume: 'second' } } })
  expect(byToken.variables).toEqual({ r: 'second' })
})

test('of several operations it takes the one that is named', () => {
  const query = `query Q { viewer { id } } ${conversation.replace('subscription', 'subscription S')}`
  expect(SubscriptionPosition.of({ query, operationName: 'Q' })).toBeNull()
  expect(SubscriptionPosition.of({ query, operationName: 'S' })).not.toBeNull()
})

test.each([
  '{ viewer { id } }',
  'mutation { logout }',
  'subscription ($id: ID!) { typingEvents(conversationId: $id) { typing } }',
  'subscription ($ids: [ID!]!) { presenceEvents(userIds: $ids) { user { id } } }',
])('%s has no position', (query) => {
  expect(SubscriptionPosition.of({ query })).toBeNull()
})

test.each([
  // A position that is no variable stays what it is.
  'subscription { conversationEvents(conversationId: "c", after: 0) { cursor { eventSeq mark } } }',
  'subscription ($a: Int) { conversationEvents(conversationId: "c", after: $a) { __typename } }',
  'subscription ($a: Int, $m: String) { messageEvents(conversationId: "c", after: $a, mark: $m) { cursor { eventSeq } } }',
  // Not all events are messages.
  'subscription ($a: Int) { receiptEvents(conversationId: "c", after: $a) { ... on MessageSent { cursor { eventSeq } } } }',
  'subscription ($a: Int) { conversationEvents(conversationId: "c", after: $a) { cursor { n: eventSeq } } }',
  'subscription { inboxEvents { cursor { streamId eventSeq mark } } }',
  'subscription ($a: [StreamCursorInput!]) { inboxEvents(after: $a) { cursor { eventSeq mark } } }',
  'subscription ($r: String) { inboxEvents(resume: $r) { cursor { streamId eventSeq mark } } }',
])('%s is refused, and it is said what is missing', (query) => {
  expect(() => SubscriptionPosition.of({ query })).toThrow(/cannot go on after a cut: pass \((after|resume): \$/)
})
