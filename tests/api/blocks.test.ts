import { setTimeout } from 'node:timers/promises'
import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  AddMembersDocument,
  BlockedUsersDocument,
  BlockUserDocument,
  CreateGroupDocument,
  EditMessageDocument,
  PinMessageDocument,
  SendMessageDocument,
  SetTypingDocument,
  StartDirectDocument,
  ToggleReactionDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { effort } from '../testkit/effort.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { followPresence, heartbeat, offline, presenceOf, seesSoon, statusesOf } from '../testkit/presence.ts'
import { Reader } from '../testkit/reader.ts'
import { sharedPair } from '../testkit/shared.ts'

/*
 * Who has blocked whom. Everything that the blocked person is answered, somebody is answered for another reason too: a block
 * itself is told to nobody but who made it.
 */
let urls: [string, string]
beforeAll(async () => {
  urls = (await sharedPair()).urls
})

/** Ann at one process, Bob at the other. */
const two = (): Promise<[Person, Person]> => Promise.all([signUp(urls[0], 'Ann'), signUp(urls[1], 'Bob')])

async function block(person: Person, other: Pick<Person, 'id'>, blocked = true) {
  const { blockUser } = await person.client.request(BlockUserDocument, { input: { userId: other.id, blocked } })
  return blockUser
}

const sending = async (person: Person, conversationId: string, clientMessageId = newKey()) => {
  const input = { conversationId, text: 'Hello?', clientMessageId }
  return (await person.client.request(SendMessageDocument, { input })).sendMessage
}
const starting = async (person: Person, other: Pick<Person, 'id'>) =>
  (await person.client.request(StartDirectDocument, { input: { userId: other.id } })).startDirect
const nobody = { id: Buffer.from('User:01890000-0000-7000-8000-000000000000').toString('base64url') }

async function blockedBy(person: Person, variables: { first?: number; after?: string } = {}) {
  const { viewer } = await person.client.request(BlockedUsersDocument, variables)
  return { ids: viewer.blockedUsers.nodes.map(({ id }) => id), pageInfo: viewer.blockedUsers.pageInfo }
}

describe.concurrent('somebody who is blocked', () => {
  test('can send nothing in the direct conversation, nor can who blocked them, until that is taken back', async () => {
    const [ann, bob] = await two()
    const id = await bob.startDirect(ann)
    const { message } = await bob.send(id, 'Hello')
    const anns = await ann.send(id, 'Go away')
    const key = newKey()
    const before = await sending(bob, id, key)
    expect(await block(ann, bob)).toMatchObject({ __typename: 'BlockUserSuccess', user: { id: bob.id, blocked: true } })
    for (const person of [ann, bob]) {
      expect(await sending(person, id)).toMatchObject({ __typename: 'ConversationClosedError' })
    }
    // Many at once share a statement.
    const many = await Promise.all(Array.from({ length: 12 }, () => sending(bob, id)))
    expect(new Set(many.map(({ __typename }) => __typename))).toEqual(new Set(['ConversationClosedError']))
    const edit = { messageId: message.id, text: 'Do read this', opKey: newKey() }
    expect((await bob.client.request(EditMessageDocument, { input: edit })).editMessage).toMatchObject({
      code: 'FORBIDDEN',
    })
    const reaction = { messageId: anns.message.id, emoji: '👍', on: true, opKey: newKey() }
    expect((await bob.client.request(ToggleReactionDocument, { input: reaction })).toggleReaction).toMatchObject({
      code: 'CONVERSATION_CLOSED',
    })
    const pin = { messageId: message.id, pinned: true, opKey: newKey() }
    expect((await bob.client.request(PinMessageDocument, { input: pin })).pinMessage).toMatchObject({
      code: 'FORBIDDEN',
    })
    // What was sent before is answered as before, and can be deleted.
    expect(await sending(bob, id, key)).toMatchObject({ ack: { outcome: 'DUPLICATE' } })
    expect(before.__typename).toBe('SendMessageSuccess')
    await bob.remove(message.id)
    expect(await block(ann, bob, false)).toMatchObject({ user: { blocked: false } })
    await bob.send(id, 'Thank you')
    expect(
      (await ann.client.request(ToggleReactionDocument, { input: { ...reaction, opKey: newKey() } })).toggleReaction,
    ).toMatchObject({ __typename: 'ToggleReactionSuccess' })
  })

  test('finds nobody to begin a direct conversation with, whether there is one or not', async () => {
    const [ann, bob] = await two()
    const cleo = await signUp(urls[0], 'Cleo')
    await cleo.startDirect(bob)
    for (const person of [ann, cleo]) await block(person, bob)
    const unknown = await starting(bob, nobody)
    expect(unknown).toMatchObject({ __typename: 'NotFoundError' })
    for (const person of [ann, cleo]) expect(await starting(bob, person)).toEqual(unknown)
    // Who has blocked them is told what to do.
    expect(await starting(ann, bob)).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION_ERROR' })
    expect(await starting(cleo, bob)).toMatchObject({ __typename: 'StartDirectSuccess' })
    await block(ann, bob, false)
    expect(await starting(bob, ann)).toMatchObject({ __typename: 'StartDirectSuccess' })
  })

  test('cannot add who blocked them to a group; others can, and both write there', async () => {
    const [ann, bob] = await two()
    const cleo = await signUp(urls[0], 'Cleo')
    await block(ann, bob)
    const group = { title: 'Ours', memberIds: [ann.id, cleo.id], opKey: newKey() }
    const made = await bob.client.request(CreateGroupDocument, { input: group })
    const unknown = await bob.client.request(CreateGroupDocument, { input: { ...group, memberIds: [nobody.id] } })
    expect(made).toEqual(unknown)
    expect(made.createGroup).toMatchObject({ code: 'NOT_FOUND' })
    const bobs = await bob.createGroup([cleo])
    const add = { conversationId: bobs, userIds: [ann.id] }
    expect((await bob.client.request(AddMembersDocument, { input: add })).addMembers).toMatchObject({
      code: 'NOT_FOUND',
    })
    const common = await cleo.createGroup([ann, bob])
    await bob.send(common, 'Hello all')
    await ann.send(common, 'Hello')
    // Who is there already stays.
    await ann.client.request(AddMembersDocument, { input: { conversationId: common, userIds: [bob.id] } })
  })

  test('neither sees the other online, nor is seen by them, from that moment on and until it is taken back', async () => {
    const [ann, bob] = await two()
    await ann.createGroup([bob])
    const [anns, bobs] = await Promise.all([followPresence(ann, [bob]), followPresence(bob, [ann])])
    await Promise.all([heartbeat(ann, 'ONLINE'), heartbeat(bob, 'ONLINE')])
    await Promise.all([seesSoon(ann, bob, { status: 'ONLINE' }), seesSoon(bob, ann, { status: 'ONLINE' })])
    await Promise.all([anns, bobs].map((reader) => reader.waitFor(({ presence }) => presence.status === 'ONLINE')))
    await block(ann, bob)
    expect(await presenceOf(ann, bob)).toEqual(offline)
    expect(await presenceOf(bob, ann)).toEqual(offline)
    const gone = { ann: bobs, bob: anns }
    await Promise.all(Object.values(gone).map((reader) => reader.waitForCount(3)))
    expect(statusesOf(anns, bob)).toEqual(['OFFLINE', 'ONLINE', 'OFFLINE'])
    expect(statusesOf(bobs, ann)).toEqual(['OFFLINE', 'ONLINE', 'OFFLINE'])
    await Promise.all([heartbeat(ann, 'AWAY'), heartbeat(bob, 'AWAY')])
    await block(ann, bob, false)
    await Promise.all([anns, bobs].map((reader) => reader.waitForCount(4)))
    expect(statusesOf(anns, bob).at(-1)).toBe('AWAY')
    expect(statusesOf(bobs, ann).at(-1)).toBe('AWAY')
  })

  test('neither sees the other type, in any conversation', async () => {
    const [ann, bob] = await two()
    const cleo = await signUp(urls[0], 'Cleo')
    const id = await cleo.createGroup([ann, bob])
    await block(ann, bob)
    const readers = {
      ann: await ann.typingEvents(id),
      bob: await bob.typingEvents(id),
      cleo: await cleo.typingEvents(id),
    }
    for (const person of [ann, bob]) {
      const typing = await person.client.request(SetTypingDocument, { input: { conversationId: id, typing: true } })
      expect(typing.setTyping).toBe(true)
    }
    await readers.cleo.waitForCount(2)
    // What comes after on the same way shows that nothing came before.
    while (readers.ann.events.length === 0 || readers.bob.events.length === 0) await cleo.setTyping(id, true)
    const told = (reader: (typeof readers)['ann']) => new Set(reader.events.map(({ user }) => user.id))
    expect(told(readers.cleo)).toEqual(new Set([ann.id, bob.id]))
    expect(told(readers.ann)).toEqual(new Set([cleo.id]))
    expect(told(readers.bob)).toEqual(new Set([cleo.id]))
  })

  test('does not tell that they type in the direct conversation, and is answered as if it did', async () => {
    const [ann, bob] = await two()
    const id = await ann.startDirect(bob)
    const readers = [await ann.typingEvents(id), await bob.typingEvents(id)]
    const both = async (typing: boolean) => {
      for (const person of [ann, bob]) expect(await person.setTyping(id, typing)).toBe(true)
    }
    while (readers.some(({ events }) => events.length === 0)) await both(true)
    await both(false)
    await Promise.all(readers.map((reader) => reader.waitFor(({ typing }) => !typing)))
    const before = readers.map(({ events }) => events.length)
    await block(ann, bob)
    // Changes come at most once a second: each of these would come for itself.
    for (const typing of [true, false]) {
      await setTimeout(1_100)
      await both(typing)
    }
    await setTimeout(1_100)
    await block(ann, bob, false)
    while (readers.some(({ events }, index) => events.length === before[index])) await both(true)
    // What comes after on the same way shows that nothing came before.
    for (const [index, { events }] of readers.entries()) {
      expect(events.slice(before[index])).toMatchObject([{ typing: true }])
    }
  })

  test('does not see what is read of their messages meanwhile', async () => {
    const [ann, bob] = await two()
    const id = await bob.startDirect(ann)
    const { message } = await bob.send(id, 'Hello')
    await block(ann, bob)
    const { entry } = await ann.markRead(id, message.seq)
    expect(entry.unreadCount).toBe(0)
    const query = 'query ($id: ID!) { node(id: $id) { ... on Message { status readBy { nodes { readAt } } } } }'
    const { data } = await ask<{ node: object }>(bob, query, { id: message.id })
    expect(data?.node).toMatchObject({ readBy: { nodes: [] } })
    expect(data?.node).not.toMatchObject({ status: 'READ' })
  })
})

const eventsQuery = `query ($cursors: [StreamCursorInput!]!) { resync(cursors: $cursors) { streams { events {
  __typename ... on MessageSent { notify message { senderBlocked sender { handle blocked } } } } } } }`

test('their messages in a group are marked for who blocked them, and do not notify', async () => {
  const [ann, bob] = await two()
  const cleo = await signUp(urls[0], 'Cleo')
  const id = await cleo.createGroup([ann, bob])
  await block(ann, bob)
  await bob.send(id, 'Hello', newKey(), { mentionIds: [ann.id, cleo.id] })
  await cleo.send(id, 'Hi')
  const pageQuery =
    'query ($id: ID!) { conversation(id: $id) { messages { nodes { senderBlocked sender { blocked } } } } }'
  for (const [person, isBlocked] of [
    [ann, true],
    [bob, false],
    [cleo, false],
  ] as const) {
    const { data } = await ask<{ resync: { streams: { events: object[] }[] } }>(person, eventsQuery, {
      cursors: [{ streamId: id, eventSeq: 0 }],
    })
    expect(data?.resync.streams[0]?.events).toMatchObject([
      { notify: person === cleo, message: { senderBlocked: isBlocked, sender: { blocked: isBlocked } } },
      { notify: person !== cleo, message: { senderBlocked: false, sender: { blocked: false } } },
    ])
    const page = await ask(person, pageQuery, { id })
    expect(page.data).toMatchObject({
      conversation: {
        messages: {
          nodes: [{ senderBlocked: isBlocked, sender: { blocked: isBlocked } }, { senderBlocked: false }],
        },
      },
    })
  }
})

test('whom the viewer has blocked is a list of pages, and their other devices are told of each change once', async () => {
  const [ann, bob] = await two()
  const others = await Promise.all(Array.from({ length: 3 }, () => signUp(urls[0])))
  const reader = await ann.at(urls[1]).inboxEvents()
  for (const person of [bob, ...others]) await block(ann, person)
  await block(ann, bob)
  await block(ann, others[0]!, false)
  await block(ann, others[0]!, false)
  const expected = [others[2]!, others[1]!, bob].map(({ id }) => id)
  expect((await blockedBy(ann)).ids).toEqual(expected)
  const first = await blockedBy(ann, { first: 2 })
  expect(first).toMatchObject({ ids: expected.slice(0, 2), pageInfo: { hasNextPage: true } })
  const second = await blockedBy(ann, { first: 2, after: first.pageInfo.endCursor! })
  expect(second).toMatchObject({ ids: expected.slice(2), pageInfo: { hasNextPage: false } })
  await bob.startDirect(others[0]!)
  await ann.createGroup([])
  await reader.waitFor(({ __typename }) => __typename === 'InboxEntryChanged')
  const changes = reader.events.flatMap((event) =>
    event.__typename === 'BlockChanged' ? [`${event.user.id} ${event.blocked}`] : [],
  )
  expect(changes).toEqual([...[bob, ...others].map(({ id }) => `${id} true`), `${others[0]!.id} false`])
  // Nobody else's list, and no trace for who is blocked.
  expect((await blockedBy(bob)).ids).toEqual([])
})

test('nobody can block themselves, or somebody who is nobody', async () => {
  const [ann] = await two()
  expect(await block(ann, ann)).toMatchObject({ __typename: 'ValidationError' })
  for (const blocked of [true, false]) {
    expect(await block(ann, nobody, blocked)).toMatchObject({ __typename: 'NotFoundError' })
    expect(await block(ann, { id: 'nonsense' }, blocked)).toMatchObject({ __typename: 'NotFoundError' })
  }
})

interface Live {
  conversationEvents: { notify: boolean; message: { text: string; senderBlocked: boolean } }
}

test('a subscription that is open in the other process marks their messages from the block on, and not for others', async () => {
  const [ann, bob] = await two()
  const cleo = await signUp(urls[0], 'Cleo')
  const id = await cleo.createGroup([ann, bob])
  const query = `subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) {
    ... on MessageSent { notify message { text senderBlocked } } } }`
  const readers = await Promise.all(
    [ann, ann.at(urls[1]), cleo, cleo.at(urls[1])].map((person) =>
      Reader.open(person, parse(query) as TypedDocumentNode<Live, { id: string }>, { id }, (d) => d.conversationEvents),
    ),
  )
  const seen = async (count: number) => {
    for (const reader of readers) await reader.waitForCount(count)
    return readers.map(({ events }) => events.at(-1))
  }
  await bob.send(id, 'before')
  const unmarked = { notify: true, message: { text: 'before', senderBlocked: false } }
  expect(await seen(1)).toMatchObject([unmarked, unmarked, unmarked, unmarked])
  await block(ann, bob)
  await bob.send(id, 'after')
  const anns = { notify: false, message: { text: 'after', senderBlocked: true } }
  const others = { notify: true, message: { text: 'after', senderBlocked: false } }
  expect(await seen(2)).toMatchObject([anns, anns, others, others])
})

/** Of 15 pairs of people: 300 races in the full run. */
const rounds = effort(20, 3)

test('of a block and messages that are sent at the same moment one comes first, in two processes', async () => {
  await Promise.all(
    Array.from({ length: 15 }, async () => {
      const [ann, bob] = await two()
      const id = await bob.startDirect(ann)
      const reader = await ann.inboxEvents()
      const accepted: string[] = []
      for (let round = 0; round < rounds; round++) {
        const texts = ['one', 'two'].map((which) => `${String(round)} ${which}`)
        const send = async (text: string) => {
          const input = { conversationId: id, text, clientMessageId: newKey() }
          const { sendMessage } = await bob.client.request(SendMessageDocument, { input })
          if (sendMessage.__typename === 'SendMessageSuccess') accepted.push(text)
          else expect(sendMessage).toMatchObject({ __typename: 'ConversationClosedError' })
        }
        await Promise.all([...texts.map(send), block(ann, bob)])
        const closed = accepted.length
        await Promise.all(['three', 'four'].map((which) => send(`${String(round)} ${which}`)))
        expect(accepted.length).toBe(closed)
        await block(ann, bob, false)
      }
      await bob.send(id, 'The end')
      await reader.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'The end')
      // What was refused is nowhere, and what was taken came before the block of its round.
      const shown = reader.events.flatMap((event) => (event.__typename === 'MessageSent' ? [event.message.text] : []))
      expect([...shown].sort()).toEqual([...accepted, 'The end'].sort())
      const blockedAt = reader.events.flatMap((event) =>
        event.__typename === 'BlockChanged' ? [{ blocked: event.blocked, at: Date.parse(event.occurredAt) }] : [],
      )
      expect(blockedAt).toHaveLength(2 * rounds)
      for (const event of reader.events) {
        if (event.__typename !== 'MessageSent' || event.message.text === 'The end') continue
        const round = Number(event.message.text?.split(' ')[0])
        expect(Date.parse(event.occurredAt)).toBeLessThanOrEqual(blockedAt[round * 2]!.at)
      }
    }),
  )
})
