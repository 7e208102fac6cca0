import { beforeAll, describe, expect, test } from 'vitest'
import {
  ReactedByDocument,
  ReactionsDocument,
  RemoveMemberDocument,
  ResyncDocument,
  ToggleReactionDocument,
  UpdateInboxEntryDocument,
  WriteStatusDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors, expectSubstance, follow } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let server: ServerProcess
let database: TestDatabase
let ann: Person
let bob: Person
let cleo: Person
let outsider: Person
let group: string
beforeAll(async () => {
  ;({ server, database } = await sharedServer())
  ;[ann, bob, cleo, outsider] = (await Promise.all(
    ['Ann', 'Bob', 'Cleo', 'Otto'].map((name) => signUp(server.url, name)),
  )) as [Person, Person, Person, Person]
  group = await ann.createGroup([bob, cleo])
})

const toggleRaw = async (person: Person, messageId: string, emoji: string, on = true, opKey = newKey()) =>
  (await person.client.request(ToggleReactionDocument, { input: { messageId, emoji, on, opKey } })).toggleReaction
const toggle = async (...args: Parameters<typeof toggleRaw>) =>
  expectType(await toggleRaw(...args), 'ToggleReactionSuccess')
const newMessage = async (person = ann, conversationId = group) => (await person.send(conversationId, 'Hello')).message
const reactionsOf = async (person: Person, id: string) => {
  const [node] = (await person.client.request(ReactionsDocument, { ids: [id] })).nodes
  return node && 'reactions' in node ? node.reactions : null
}
const short = (reactions: { emoji: string; count: number; viewerReacted: boolean }[] | null) =>
  reactions?.map(({ emoji, count, viewerReacted }) => `${emoji}${count}${viewerReacted ? '*' : ''}`).join(' ')
const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!.split('/')[0]!

describe('a reaction', () => {
  test('is counted, shown to everybody as theirs or not, oldest emoji first, and can be taken back', async () => {
    const { id } = await newMessage()
    expect(short((await toggle(ann, id, '👍')).message.reactions)).toBe('👍1*')
    await toggle(bob, id, '🎉')
    expect(short((await toggle(bob, id, '👍')).message.reactions)).toBe('👍2* 🎉1*')
    expect(short(await reactionsOf(ann, id))).toBe('👍2* 🎉1')
    expect(short(await reactionsOf(cleo, id))).toBe('👍2 🎉1')
    expect((await reactionsOf(cleo, id))?.[0]?.firstUsers.map(({ id: user }) => user)).toEqual([ann.id, bob.id])
    await toggle(ann, id, '👍', false)
    await toggle(bob, id, '👍', false)
    expect(short(await reactionsOf(ann, id))).toBe('🎉1')
    // New again, and so the youngest.
    await toggle(ann, id, '👍')
    expect(short(await reactionsOf(ann, id))).toBe('🎉1 👍1*')
  })

  test('with and without the variation selector is one, shown fully qualified; a skin tone is another', async () => {
    const { id } = await newMessage()
    await toggle(ann, id, '❤')
    await toggle(bob, id, '❤️')
    await toggle(cleo, id, '👍🏽')
    await toggle(bob, id, '👍\uFE0F')
    expect(short(await reactionsOf(ann, id))).toBe('❤️2* 👍🏽1 👍1')
    expect(short((await toggle(ann, id, '❤️', false)).message.reactions)).toBe('❤️1 👍🏽1 👍1')
  })

  test.each(['', 'x', '1', '👍👍', ':+1:', '❤\uFE0E', '👍 ', '\0', '👍'.repeat(500)])(
    'is refused for %j',
    async (emoji) => {
      const { id } = await newMessage()
      const refused = expectType(await toggleRaw(ann, id, emoji), 'ValidationError')
      expect(refused.code).toBe('VALIDATION_ERROR')
      expectSubstance(refused.reason)
      const { data } = await ask<{ toggleReaction: { fields: object[] } }>(
        ann,
        `mutation ($input: ToggleReactionInput!) { toggleReaction(input: $input) { ... on ValidationError { fields { path } } } }`,
        { input: { messageId: id, emoji, on: true, opKey: newKey() } },
      )
      expect(data?.toggleReaction.fields).toEqual([{ path: ['input', 'emoji'] }])
      expect(await reactionsOf(ann, id)).toEqual([])
    },
  )

  test('a message has 20 different ones at the most', async () => {
    const { id } = await newMessage()
    const emoji = Array.from({ length: 21 }, (_, index) => String.fromCodePoint(0x1f600 + index))
    for (const each of emoji.slice(0, 20)) await toggle(ann, id, each)
    const refused = expectType(await toggleRaw(bob, id, emoji[20]!), 'ValidationError')
    expect(refused.reason).toContain('20')
    // One of the twenty goes, and once one is gone, another.
    await toggle(bob, id, emoji[0]!)
    await toggle(ann, id, emoji[1]!, false)
    expect((await toggle(bob, id, emoji[20]!)).message.reactions).toHaveLength(20)
  })

  test('to what is not there or not theirs is NOT_FOUND, to a deleted message MESSAGE_DELETED', async () => {
    const { id } = await newMessage()
    const absent = Buffer.from(`Message:${uuidOf(id)}/99999`).toString('base64url')
    for (const [person, messageId] of [
      [outsider, id],
      [ann, absent],
      [ann, group],
      [ann, ann.id],
      [ann, 'nonsense'],
      [ann, ''],
    ] as const) {
      const refused = expectType(await toggleRaw(person, messageId, '👍'), 'NotFoundError')
      expect(refused.reason).toBe('There is no such message here.')
    }
    await toggle(bob, id, '👍')
    await ann.remove(id)
    expect(expectType(await toggleRaw(bob, id, '👍', false), 'MessageDeletedError').code).toBe('MESSAGE_DELETED')
    expect(expectType(await toggleRaw(bob, id, '🎉'), 'MessageDeletedError').code).toBe('MESSAGE_DELETED')
  })
})

describe('the key of a reaction', () => {
  test('repeated answers the first outcome; with another request it is refused', async () => {
    const { id } = await newMessage()
    const key = newKey()
    const { ack } = await toggle(ann, id, '❤️', true, key)
    expect(ack.outcome).toBe('ACCEPTED')
    await toggle(ann, id, '❤️', false)
    // The same picture in another spelling is the same request.
    const again = await toggle(ann, id, '❤', true, key)
    expect(again.ack).toEqual({ ...ack, outcome: 'DUPLICATE' })
    expect(again.message.reactions).toEqual([])
    expectType(await toggleRaw(ann, id, '❤️', false, key), 'OpKeyReusedError')
    expectType(await toggleRaw(ann, id, '👍', true, key), 'OpKeyReusedError')
    expectType(await toggleRaw(ann, (await newMessage()).id, '❤️', true, key), 'OpKeyReusedError')
    const { writeStatus } = await ann.client.request(WriteStatusDocument, { opKey: key })
    expect(writeStatus).toMatchObject({ state: 'ACCEPTED', cursor: { eventSeq: ack.cursor.eventSeq } })
  })

  test('of a reaction that was there already is kept too, with the position of then, and there is no event', async () => {
    const { id } = await newMessage()
    const { ack } = await toggle(ann, id, '👍')
    const key = newKey()
    const same = await toggle(ann, id, '👍', true, key)
    expect(same.ack).toMatchObject({ outcome: 'ACCEPTED', cursor: ack.cursor })
    const off = await toggle(bob, id, '👍', false)
    expect(off.ack).toMatchObject({ outcome: 'ACCEPTED', cursor: ack.cursor })
    await ann.send(group, 'Another')
    const repeated = await toggle(ann, id, '👍', true, key)
    expect(repeated.ack).toEqual({ ...same.ack, outcome: 'DUPLICATE' })
    expectType(await toggleRaw(ann, id, '👍', false, key), 'OpKeyReusedError')
    const { writeStatus } = await ann.client.request(WriteStatusDocument, { opKey: key })
    expect(writeStatus.state).toBe('ACCEPTED')
    expect(short(await reactionsOf(ann, id))).toBe('👍1*')
  })

  test('repeated by somebody who has left since shows nothing of what others did', async () => {
    const id = await ann.createGroup([bob, cleo])
    const { message } = await ann.send(id, 'Hello')
    const key = newKey()
    await toggle(bob, message.id, '👍', true, key)
    await toggle(cleo, message.id, '👍')
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: bob.id } })
    const again = await toggle(bob, message.id, '👍', true, key)
    expect(again.ack.outcome).toBe('DUPLICATE')
    expect(again.message.reactions).toEqual([])
    expectType(await toggleRaw(bob, message.id, '👍'), 'NotFoundError')
    expect(await reactionsOf(bob, message.id)).toBeNull()
    // They stay among those who reacted.
    expect(short(await reactionsOf(ann, message.id))).toBe('👍2')
  })
})

describe('an event of a reaction', () => {
  test('comes to everybody with all reactions, and in a replay as they are now', async () => {
    const { id } = await newMessage()
    const [bobs, cleos] = [await follow(bob, group), await follow(cleo, group)]
    const { ack } = await toggle(ann, id, '❤')
    await toggle(bob, id, '❤')
    await toggle(ann, id, '❤', false)
    const received = [await bobs.waitForCount(3), await cleos.waitForCount(3)]
    const [first] = received[0]!
    expect(first).toMatchObject({
      __typename: 'ReactionToggled',
      cursor: ack.cursor,
      user: { id: ann.id },
      emoji: '❤️',
      on: true,
      message: { id, text: 'Hello' },
    })
    const last = received.map((events) => events[2]!)
    expect(
      last.map((event) => 'message' in event && 'reactions' in event.message && short(event.message.reactions)),
    ).toEqual(['❤️1*', '❤️1'])
    const { resync } = await cleo.client.request(ResyncDocument, {
      cursors: [{ ...ack.cursor, eventSeq: ack.cursor.eventSeq - 1, mark: null }],
    })
    const events = resync.streams[0]!.events
    expect(
      events.map((event) =>
        event.__typename === 'ReactionToggled' ? [event.on, short(event.message.reactions)] : null,
      ),
    ).toEqual([
      [true, '❤️1'],
      [true, '❤️1'],
      [false, '❤️1'],
    ])
  })

  test('is replayed after the deletion of the message without what it was', async () => {
    const { id } = await newMessage()
    const { ack } = await toggle(bob, id, '👍')
    await ann.remove(id)
    const { resync } = await cleo.client.request(ResyncDocument, {
      cursors: [{ ...ack.cursor, eventSeq: ack.cursor.eventSeq - 1, mark: null }],
    })
    expect(resync.streams[0]!.events).toMatchObject([
      {
        __typename: 'ReactionToggled',
        emoji: '',
        on: true,
        user: { id: bob.id },
        message: { text: null, reactions: [] },
      },
      { __typename: 'MessageDeleted' },
    ])
  })
})

test('a reaction is no activity: nothing moves up, is unread or comes back from the archive', async () => {
  const id = await ann.startDirect(bob)
  const { message } = await bob.send(id, 'Hello')
  await ann.markRead(id, message.seq)
  await ann.client.request(UpdateInboxEntryDocument, { input: { conversationId: id, archived: true } })
  const query = `query ($id: ID!) { conversation(id: $id) { lastActivityAt headSeq
    viewerEntry { archived unreadCount lastReadSeq } } viewer { unreadConversationCount } }`
  const before = (await ask(ann, query, { id })).text
  await toggle(bob, message.id, '👍')
  await toggle(ann, message.id, '👍')
  expect((await ask(ann, query, { id })).text).toBe(before)
})

test('a deleted message has no reactions, and none are kept anywhere', async () => {
  const { id, seq } = await newMessage()
  await toggle(ann, id, '🦄')
  await toggle(bob, id, '🦄')
  await toggle(cleo, id, '🐙')
  expect((await ann.remove(id)).message.id).toBe(id)
  expect(await reactionsOf(bob, id)).toEqual([])
  for (const table of ['reactions', 'reaction_kinds']) {
    const rows = await database.query(`SELECT 1 FROM ${table} WHERE conversation_id = $1 AND message_seq = $2`, [
      uuidOf(group),
      seq,
    ])
    expect(rows, table).toEqual([])
  }
})

describe('who reacted', () => {
  test('is paged, earliest first, by either spelling', async () => {
    const { id } = await newMessage()
    for (const person of [cleo, ann, bob]) await toggle(person, id, '❤')
    const page = async (after: string | null) => {
      const { node } = await ann.client.request(ReactedByDocument, { id, emoji: after ? '❤' : '❤️', first: 2, after })
      return (node && 'reactedBy' in node ? node.reactedBy : null)!
    }
    const first = await page(null)
    expect(first.nodes.map((user) => user.id)).toEqual([cleo.id, ann.id])
    expect(first.pageInfo.hasNextPage).toBe(true)
    const second = await page(first.pageInfo.endCursor ?? null)
    expect(second.nodes.map((user) => user.id)).toEqual([bob.id])
    expect(second.pageInfo.hasNextPage).toBe(false)
  })

  test('is nobody for an emoji that nobody used, and a mistake for what is none, or no place in the list', async () => {
    const { id } = await newMessage()
    const query = `query ($id: ID!, $emoji: String!, $after: String, $first: Int) { node(id: $id) { ... on Message {
      reactedBy(emoji: $emoji, after: $after, first: $first) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } } } }`
    const none = await ask(ann, query, { id, emoji: '👍' })
    expect(none.data).toMatchObject({ node: { reactedBy: { nodes: [] } } })
    for (const bad of [
      { emoji: 'x' },
      { emoji: '👍', after: 'nowhere' },
      { emoji: '👍', first: 101 },
      { emoji: '👍', first: -1 },
    ]) {
      expectErrors(await ask(ann, query, { id, ...bad }), 'VALIDATION_ERROR')
    }
    expect((await ask(outsider, query, { id, emoji: '👍' })).data).toEqual({ node: null })
  })
})
