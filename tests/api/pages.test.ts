import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { ResyncDocument } from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import { sharedServer } from '../testkit/shared.ts'

/*
 * A page in a cache is as old as its own cursor says, whatever else of the conversation was read since.
 */
let ann: Person
let bob: Person
beforeAll(async () => {
  const { url } = (await sharedServer()).server
  ;[ann, bob] = [await signUp(url, 'Ann'), await signUp(url, 'Bob')]
})

interface Cursor {
  streamId: string
  eventSeq: number
}
interface History {
  conversation: { cursor: Cursor; messages: { cursor: Cursor; nodes: { seq: number }[] } }
}
const history = `query ($id: ID!, $last: Int) { conversation(id: $id) {
  cursor { streamId eventSeq } messages(last: $last) { cursor { streamId eventSeq } nodes { seq } } } }`
const readHistory = async (person: Person, id: string, last = 50) =>
  (await ask<History>(person, history, { id, last })).data!.conversation

const SentDocument = parse(`subscription ($id: ID!, $after: Int) { messageEvents(conversationId: $id, after: $after) {
  cursor { eventSeq } ... on MessageSent { edge { cursor node { seq text } } message { seq } } } }`) as TypedDocumentNode<
  { messageEvents: { edge: { cursor: string; node: { seq: number } }; message: { seq: number } } },
  { id: string; after: number }
>
const sentAfter = (person: Person, id: string, after: number) =>
  Reader.open(person, SentDocument, { id, after }, ({ messageEvents }) => messageEvents)

test('a page kept from before goes on from its own cursor, although the conversation was read again since', async () => {
  const id = await ann.startDirect(bob)
  for (const text of ['1', '2', '3']) await bob.send(id, text)
  // A normalised cache: one object for the conversation, whose fields each query renews.
  const cached = await readHistory(ann, id)
  expect(cached.messages.nodes.map(({ seq }) => seq)).toEqual([1, 2, 3])
  for (const text of ['4', '5']) await bob.send(id, text)
  const { data } = await ask<History>(
    ann,
    'query ($id: ID!) { conversation(id: $id) { cursor { streamId eventSeq } } }',
    {
      id,
    },
  )
  Object.assign(cached, data!.conversation)
  expect(cached.cursor.eventSeq).toBe(cached.messages.cursor.eventSeq + 2)

  const shown = cached.messages.nodes.map(({ seq }) => seq)
  const live = await sentAfter(ann, id, cached.messages.cursor.eventSeq)
  await bob.send(id, '6')
  for (const { edge } of await live.waitForCount(3)) shown.push(edge.node.seq)
  expect(shown).toEqual([1, 2, 3, 4, 5, 6])
  live.cut()

  // By the conversation's cursor, which is not of this page, two would be missing.
  const lost = await sentAfter(ann, id, cached.cursor.eventSeq)
  expect((await lost.waitForCount(1)).map(({ message }) => message.seq)).toEqual([6])
  lost.cut()
})

test('a page’s cursor is that of the conversation’s stream, also of an empty and of an old page', async () => {
  const id = await ann.createGroup([bob])
  const empty = await readHistory(ann, id)
  expect(empty.messages).toEqual({ cursor: empty.cursor, nodes: [] })
  expect(empty.cursor.streamId).toBe(id)
  for (const text of ['1', '2', '3']) await bob.send(id, text)
  const { data } = await ask<History>(
    ann,
    `query ($id: ID!) { conversation(id: $id) { messages(first: 1) { cursor { streamId eventSeq } nodes { seq } } } }`,
    { id },
  )
  expect(data!.conversation.messages).toEqual({
    cursor: { streamId: id, eventSeq: empty.cursor.eventSeq + 3 },
    nodes: [{ seq: 1 }],
  })
})

test('the edge of a sent message is the one that a page has for it', async () => {
  const id = await ann.createGroup([bob])
  const { messages } = await readHistory(ann, id)
  const live = await sentAfter(ann, id, messages.cursor.eventSeq)
  for (const text of ['1', '2', '3']) await bob.send(id, text)
  const edges = (await live.waitForCount(3)).map(({ edge }) => edge)
  live.cut()
  interface Edges {
    conversation: { messages: { edges: { cursor: string; node: { seq: number } }[] } }
  }
  const query = `query ($id: ID!, $before: String) { conversation(id: $id) { messages(last: 10, before: $before) {
    edges { cursor node { seq text } } } } }`
  const all = await ask<Edges>(ann, query, { id })
  expect(all.data!.conversation.messages.edges).toEqual(edges)
  const before = await ask<Edges>(ann, query, { id, before: edges[2]!.cursor })
  expect(before.data!.conversation.messages.edges).toEqual(edges.slice(0, 2))
})

test('a page of the inbox has the cursor of the personal stream, from which it goes on', async () => {
  interface Inbox {
    viewer: { cursor: Cursor }
    inbox: { cursor: Cursor; nodes: { conversation: { id: string } }[] }
  }
  const query = `query ($first: Int) { inbox(first: $first) { cursor { streamId eventSeq } nodes { conversation { id } } }
    viewer { cursor { streamId eventSeq } } }`
  const { viewer, inbox } = (await ask<Inbox>(ann, query, { first: 1 })).data!
  expect(inbox.cursor).toEqual(viewer.cursor)
  const group = await bob.createGroup([ann], 'A new one')
  const newer = (await ask<Inbox>(ann, query, { first: 1 })).data!
  expect(newer.inbox).toEqual({
    cursor: { ...inbox.cursor, eventSeq: inbox.cursor.eventSeq + 1 },
    nodes: [{ conversation: { id: group } }],
  })
  const { resync } = await ann.client.request(ResyncDocument, { cursors: [inbox.cursor], limit: 10 })
  expect(resync.streams[0]!.events).toMatchObject([{ __typename: 'InboxEntryChanged', conversationId: group }])
})
