import { beforeAll, describe, expect, test } from 'vitest'
import {
  ConversationDocument,
  MessagesDocument,
  PinMessageDocument,
  PinnedMessagesDocument,
  RemoveMemberDocument,
  RepliesDocument,
  ResyncDocument,
  SendMessageDocument,
  WriteStatusDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors, expectSubstance, follow } from '../testkit/api.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let server: ServerProcess
let ann: Person
let bob: Person
let cleo: Person
let outsider: Person
beforeAll(async () => {
  ;({ server } = await sharedServer())
  ;[ann, bob, cleo, outsider] = (await Promise.all(
    ['Ann', 'Bob', 'Cleo', 'Otto'].map((name) => signUp(server.url, name)),
  )) as [Person, Person, Person, Person]
})

const reply = async (person: Person, conversationId: string, replyToId: string, text = 'A reply') => {
  const input = { conversationId, replyToId, text, clientMessageId: newKey() }
  return expectType((await person.client.request(SendMessageDocument, { input })).sendMessage, 'SendMessageSuccess')
    .message
}
const threadOf = async (person: Person, id: string, first?: number, after?: string | null) => {
  const { node } = await person.client.request(RepliesDocument, { id, first, after })
  return node && 'replies' in node ? node : null
}
const pinRaw = async (person: Person, messageId: string, pinned = true, opKey = newKey()) =>
  (await person.client.request(PinMessageDocument, { input: { messageId, pinned, opKey } })).pinMessage
const pin = async (...args: Parameters<typeof pinRaw>) => expectType(await pinRaw(...args), 'PinMessageSuccess')
const pinned = async (person: Person, id: string) =>
  (await person.client.request(PinnedMessagesDocument, { id })).conversation?.pinnedMessages.map(({ seq }) => seq) ??
  null

describe('replies', () => {
  test('are counted without deleted ones, and paged oldest first with these as tombstones', async () => {
    const id = await ann.createGroup([bob])
    const { message: original } = await ann.send(id, 'A question')
    const { message: other } = await ann.send(id, 'Something else')
    const replies = []
    for (let index = 0; index < 5; index++) {
      replies.push(await reply(index % 2 ? ann : bob, id, original.id, `Reply ${index}`))
      await reply(bob, id, other.id)
    }
    await bob.remove(replies[2]!.id)
    const first = (await threadOf(ann, original.id, 3))!
    expect(first.replyCount).toBe(4)
    expect(first.replies.nodes.map(({ text, replyTo }) => [text, replyTo?.seq])).toEqual([
      ['Reply 0', original.seq],
      ['Reply 1', original.seq],
      [null, original.seq],
    ])
    expect(first.replies.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
    const rest = (await threadOf(ann, original.id, 3, first.replies.pageInfo.endCursor))!
    expect(rest.replies.nodes.map(({ text }) => text)).toEqual(['Reply 3', 'Reply 4'])
    expect(rest.replies.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
    // A reply to a reply is counted there alone.
    await reply(ann, id, replies[0]!.id)
    expect((await threadOf(ann, original.id))!.replies.nodes.map(({ replyCount }) => replyCount)).toEqual([
      1, 0, 0, 0, 0,
    ])
  })

  test('stay when the original is deleted, which they show as a tombstone', async () => {
    const id = await ann.startDirect(bob)
    const { message: original } = await ann.send(id, 'A question')
    const answer = await reply(bob, id, original.id, 'An answer')
    await ann.remove(original.id)
    const thread = (await threadOf(bob, original.id))!
    expect(thread).toMatchObject({
      text: null,
      replyCount: 1,
      replies: { nodes: [{ id: answer.id, text: 'An answer' }] },
    })
    const query = 'query ($id: ID!) { node(id: $id) { ... on Message { replyTo { id seq text deletedAt } } } }'
    const { data } = await ask<{ node: { replyTo: { text: string | null; deletedAt: string | null } } }>(bob, query, {
      id: answer.id,
    })
    expect(data?.node.replyTo).toMatchObject({ id: original.id, text: null })
    expect(data?.node.replyTo.deletedAt).not.toBeNull()
  })

  test('are shown to members only, and to nobody who gives a wrong place or size', async () => {
    const id = await ann.createGroup([bob])
    const { message } = await ann.send(id, 'A question')
    await reply(bob, id, message.id)
    expect(await threadOf(outsider, message.id)).toBeNull()
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: bob.id } })
    expect(await threadOf(bob, message.id)).toBeNull()
    const query = `query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on Message {
      replies(first: $first, after: $after) { nodes { id } } } } }`
    for (const bad of [{ first: 101 }, { first: -1 }, { after: 'nowhere' }, { after: '' }]) {
      expectErrors(await ask(ann, query, { id: message.id, ...bad }), 'VALIDATION_ERROR')
    }
  })

  test('their page has a cursor from which the events go on', async () => {
    const id = await ann.startDirect(cleo)
    const { message } = await ann.send(id, 'A question')
    const { replies } = (await threadOf(ann, message.id))!
    await reply(cleo, id, message.id)
    const { resync } = await ann.client.request(ResyncDocument, { cursors: [replies.cursor] })
    expect(resync.streams[0]!.events.map((event) => event.__typename)).toEqual(['MessageSent'])
  })
})

describe('pins', () => {
  test('are for all members, newest first, with the time, and an event on the log', async () => {
    const id = await ann.createGroup([bob])
    const messages = []
    for (const text of ['One', 'Two', 'Three']) messages.push((await bob.send(id, text)).message)
    const reader = await follow(bob, id)
    const { ack, message } = await pin(ann, messages[2]!.id)
    expect(message.pinnedAt).not.toBeNull()
    await pin(ann, messages[0]!.id)
    await pin(ann, messages[1]!.id)
    await pin(ann, messages[0]!.id, false)
    expect(await pinned(bob, id)).toEqual([2, 3])
    const [event] = await reader.waitForCount(4)
    expect(event).toMatchObject({ __typename: 'ConversationUpdated', cursor: ack.cursor })
    const last = reader.events[3]
    expect(
      last?.__typename === 'ConversationUpdated' && last.conversation.pinnedMessages.map(({ seq }) => seq),
    ).toEqual([2, 3])
    // Pinned again, and so the newest.
    await pin(ann, messages[2]!.id, false)
    await pin(ann, messages[2]!.id)
    expect(await pinned(bob, id)).toEqual([3, 2])
  })

  test('have a key: repeated it answers the first outcome, also when nothing was changed', async () => {
    const id = await ann.startDirect(bob)
    const { message } = await ann.send(id, 'Hello')
    const key = newKey()
    const { ack } = await pin(bob, message.id, true, key)
    const again = newKey()
    expect((await pin(ann, message.id, true, again)).ack).toMatchObject({ outcome: 'ACCEPTED', cursor: ack.cursor })
    await pin(ann, message.id, false)
    const repeated = await pin(bob, message.id, true, key)
    expect(repeated).toMatchObject({
      ack: { ...ack, outcome: 'DUPLICATE' },
      message: { id: message.id, pinnedAt: null },
    })
    expect((await pin(ann, message.id, true, again)).ack).toMatchObject({ outcome: 'DUPLICATE', cursor: ack.cursor })
    expectType(await pinRaw(bob, message.id, false, key), 'OpKeyReusedError')
    const { writeStatus } = await bob.client.request(WriteStatusDocument, { opKey: key })
    expect(writeStatus).toMatchObject({ state: 'ACCEPTED', cursor: { eventSeq: ack.cursor.eventSeq } })
  })

  test('are for the owner and admins in a group, for both in a direct conversation, and for nobody else', async () => {
    const group = await ann.createGroup([bob])
    const { message } = await bob.send(group, 'Hello')
    const refused = expectType(await pinRaw(bob, message.id), 'ForbiddenError')
    expectSubstance(refused.reason)
    expectType(await pinRaw(outsider, message.id), 'NotFoundError')
    for (const wrong of [group, ann.id, 'nonsense', '']) expectType(await pinRaw(ann, wrong), 'NotFoundError')
    expectType(await pinRaw(ann, message.id, true, 'short'), 'ValidationError')
    expect(await pinned(outsider, group)).toBeNull()
    const direct = await ann.startDirect(bob)
    await pin(bob, (await ann.send(direct, 'Hello')).message.id)
  })

  test('go with their message, and a deleted one cannot be pinned', async () => {
    const id = await ann.createGroup([bob])
    const { message } = await ann.send(id, 'Hello')
    await pin(ann, message.id)
    await ann.remove(message.id)
    expect(await pinned(bob, id)).toEqual([])
    expectType(await pinRaw(ann, message.id), 'MessageDeletedError')
    expectType(await pinRaw(ann, message.id, false), 'MessageDeletedError')
  })

  test('are 50 at the most', async () => {
    const id = await ann.startDirect(outsider)
    const ids = []
    for (let index = 0; index < 51; index++) ids.push((await ann.send(id, `Message ${index}`)).message.id)
    for (const each of ids.slice(0, 50)) await pin(ann, each)
    expectSubstance(expectType(await pinRaw(ann, ids[50]!), 'ValidationError').reason)
    await pin(outsider, ids[0]!, false)
    await pin(ann, ids[50]!)
    expect(await pinned(ann, id)).toHaveLength(50)
  })

  test('are no activity', async () => {
    const id = await ann.startDirect(cleo)
    const { message } = await cleo.send(id, 'Hello')
    const before = (await ann.client.request(ConversationDocument, { id })).conversation
    await pin(cleo, message.id)
    const after = (await ann.client.request(ConversationDocument, { id })).conversation
    expect(after?.lastActivityAt).toBe(before?.lastActivityAt)
    expect((await ann.client.request(MessagesDocument, { id })).conversation?.headSeq).toBe(message.seq)
  })
})
