import { beforeAll, describe, expect, test } from 'vitest'
import {
  ConversationEventsDocument,
  DeleteMessageDocument,
  MessageEventsDocument,
  MessagesDocument,
  ReceiptEventsDocument,
  RemoveMemberDocument,
  RenameConversationDocument,
  ResyncDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, askSocket, cursorsOf, expectErrors, follow, followInbox } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { newKey, Person, signUp } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'
import { subscribeBySse } from '../testkit/sse.ts'

let database: TestDatabase
let server: ServerProcess
let ann: Person
let bob: Person
let outsider: Person
beforeAll(async () => {
  ;({ server, database } = await sharedServer())
  ;[ann, bob, outsider] = (await Promise.all(['Ann', 'Bob', 'Otto'].map((name) => signUp(server.url, name)))) as [
    Person,
    Person,
    Person,
  ]
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''
const nothing = Buffer.from('Conversation:00000000-0000-7000-8000-000000000000').toString('base64url')

/** What retention does: events up to a place are gone, and the head row says so. */
async function expire(conversationId: string, upToSeq: number) {
  const params = [uuidOf(conversationId), upToSeq]
  await database.query('DELETE FROM events WHERE stream_id = $1 AND seq <= $2', params)
  await database.query('UPDATE conversations SET floor_event_seq = $2 WHERE id = $1', params)
}

const places = (events: { __typename?: string }[]) =>
  events.map((event) => [event.__typename, (event as { cursor?: { eventSeq: number } }).cursor?.eventSeq])

/** A conversation in which one of each kind of event happened. */
async function eventful() {
  const id = await ann.createGroup([bob], 'Eventful')
  const { message } = await ann.send(id, 'One')
  await ann.edit(message.id, 'Two')
  await bob.markRead(id, 1)
  await ann.client.request(RenameConversationDocument, { input: { conversationId: id, title: 'Renamed' } })
  await ann.remove(message.id)
  await bob.send(id, 'Three')
  return id
}
const whatHappened = [
  ['MessageSent', 1],
  ['MessageEdited', 2],
  ['ReceiptAdvanced', 3],
  ['ConversationUpdated', 4],
  ['MessageDeleted', 5],
  ['MessageSent', 6],
]

describe('a subscription by WebSocket', () => {
  test('after 0 replays all, then goes on live', async () => {
    const id = await eventful()
    const live = await bob.conversationEvents(id, 0)
    await live.waitForCount(6)
    await ann.send(id, 'Four')
    await live.waitForCount(7)
    expect(places(live.events)).toEqual([...whatHappened, ['MessageSent', 7]])
    // Messages are as they are now: the text of the deleted one is nowhere.
    expect(live.events[0]).toMatchObject({ message: { seq: 1, text: null, deletedAt: expect.any(String) as string } })
    expect(live.events[5]).toMatchObject({ message: { seq: 2, text: 'Three' } })
    for (const event of live.events) {
      expect(event).toMatchObject({
        cursor: { streamId: id },
        occurredAt: expect.stringMatching(/\.\d{3}Z$/) as string,
      })
    }
    live.cut()
  })

  test('after a place in the middle brings what follows it', async () => {
    const id = await eventful()
    for (const after of [1, 3, 5, 6]) {
      const live = await bob.conversationEvents(id, after)
      await ann.send(id, `After ${after}`)
      const expected = whatHappened.slice(after)
      await live.waitForCount(expected.length + 1)
      expect(places(live.events).slice(0, expected.length)).toEqual(expected)
      live.cut()
    }
  })

  test('after nothing is live from now', async () => {
    const id = await eventful()
    const live = await bob.conversationEvents(id)
    // Whether it has begun is not told, so the first of these may be missed; nothing from before comes.
    await ann.send(id, 'Perhaps')
    await ann.send(id, 'Surely')
    await live.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Surely')
    expect(live.events.every((event) => event.__typename === 'MessageSent' && event.cursor.eventSeq > 6)).toBe(true)
    live.cut()
  })

  test('after a place ahead of the head asks for a snapshot, and goes on live', async () => {
    const id = await eventful()
    for (const after of [99, 2_147_483_647]) {
      const live = await bob.conversationEvents(id, after)
      const [first] = await live.waitForCount(1)
      const cursor = { streamId: id, eventSeq: after === 99 ? 6 : 7 }
      expect(first).toMatchObject({ __typename: 'SnapshotRequired', streamId: id, reason: 'UNKNOWN_CURSOR', cursor })
      await ann.send(id, 'Four')
      await live.waitForCount(2)
      expect(live.events[1]).toMatchObject({ __typename: 'MessageSent', cursor: { eventSeq: cursor.eventSeq + 1 } })
      live.cut()
    }
  })

  test('after a place the log no longer reaches asks for a snapshot, and goes on live', async () => {
    const id = await eventful()
    await expire(id, 3)
    for (const after of [0, 2]) {
      const live = await bob.conversationEvents(id, after)
      const [first] = await live.waitForCount(1)
      const head = after === 0 ? 6 : 7
      const cursor = { streamId: id, eventSeq: head }
      expect(first).toMatchObject({ __typename: 'SnapshotRequired', streamId: id, reason: 'EXPIRED', cursor })
      await ann.send(id, 'Four')
      await live.waitForCount(2)
      expect(live.events[1]).toMatchObject({ __typename: 'MessageSent', cursor: { eventSeq: head + 1 } })
      live.cut()
    }
    // The floor itself is still good: everything after it is there.
    const live = await bob.conversationEvents(id, 3)
    await live.waitForCount(5)
    expect(places(live.events).slice(0, 3)).toEqual(whatHappened.slice(3))
    live.cut()
  })

  test('of messages or of receipts brings these alone', async () => {
    const id = await eventful()
    const messages = await Reader.open(
      bob,
      MessageEventsDocument,
      { conversationId: id, after: 0 },
      (data) => data.messageEvents,
    )
    const receipts = await Reader.open(
      bob,
      ReceiptEventsDocument,
      { conversationId: id, after: 0 },
      (data) => data.receiptEvents,
    )
    await ann.markRead(id, 2)
    await ann.send(id, 'Four')
    await messages.waitForCount(5)
    expect(places(messages.events)).toEqual([
      ...whatHappened.filter(([type]) => String(type).startsWith('Message')),
      ['MessageSent', 8],
    ])
    await receipts.waitForCount(2)
    expect(places(receipts.events)).toEqual([
      ['ReceiptAdvanced', 3],
      ['ReceiptAdvanced', 7],
    ])
    expect(receipts.events[1]).toMatchObject({ receipts: [{ user: { id: ann.id }, lastReadSeq: 2 }] })
    messages.cut()
    receipts.cut()
    const lost = await Reader.open(
      bob,
      ReceiptEventsDocument,
      { conversationId: id, after: 99 },
      (data) => data.receiptEvents,
    )
    expect(await lost.waitForCount(1)).toMatchObject([{ __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' }])
    lost.cut()
  })

  test('ends for somebody who is removed: with their MemberLeft where it is told, and nothing after it', async () => {
    const id = await ann.createGroup([bob, outsider])
    const all = await follow(bob, id)
    const variables = { conversationId: id, after: 0 }
    const messages = await Reader.open(bob, MessageEventsDocument, variables, (data) => data.messageEvents)
    const others = await follow(outsider, id)
    await ann.send(id, 'Before')
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: bob.id } })
    await ann.send(id, 'After')
    expect(await all.waitForEnd()).toBe('completed')
    expect(await messages.waitForEnd()).toBe('completed')
    expect(all.events).toMatchObject([
      { __typename: 'MessageSent' },
      { __typename: 'MemberLeft', user: { id: bob.id }, by: { id: ann.id } },
    ])
    expect(messages.events).toMatchObject([{ message: { text: 'Before' } }])
    await others.waitForCount(3)
    others.cut()
    const again = await bob.conversationEvents(id, 0)
    const ended = (await again.waitForEnd()) as { errors: [] }
    expectErrors(ended, 'NOT_FOUND')
  })

  test('may run beside many others on one socket', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => ann.createGroup([bob])))
    const iterators = ids.map((conversationId) =>
      bob.client.subscribe(ConversationEventsDocument, { conversationId, after: 0 }),
    )
    const firsts = iterators.map((iterator) => iterator.next())
    for (const id of ids) await ann.send(id, `To ${id}`)
    const events = (await Promise.all(firsts)).map(
      (result) => (result.value as { conversationEvents: { message: { text: string } } }).conversationEvents,
    )
    expect(events.map((event) => event.message.text)).toEqual(ids.map((id) => `To ${id}`))
    for (const iterator of iterators) await iterator.return?.()
  })
})

describe('a subscription by server-sent events', () => {
  const query = `subscription ($id: ID!, $after: Int) { conversationEvents(conversationId: $id, after: $after) {
    __typename ... on StreamEvent { cursor { eventSeq } } ... on MessageSent { message { text } }
    ... on SnapshotRequired { reason cursor { eventSeq } } } }`
  const eventsOf = (results: { data?: unknown }[]) =>
    results.map(
      (result) =>
        (result.data as { conversationEvents: { __typename: string; cursor: { eventSeq: number } } })
          .conversationEvents,
    )

  test('replays, and goes on live', async () => {
    const id = await eventful()
    const stream = await subscribeBySse(bob, query, { id, after: 0 })
    expect(stream.status).toBe(200)
    expect(stream.contentType).toMatch(/^text\/event-stream/)
    await stream.waitForCount(6)
    await ann.send(id, 'Four')
    expect(places(eventsOf(await stream.waitForCount(7)))).toEqual([...whatHappened, ['MessageSent', 7]])
    stream.cut()
  })

  test('tells of a lost place, and goes on live', async () => {
    const id = await eventful()
    const stream = await subscribeBySse(bob, query, { id, after: 50 })
    expect(eventsOf(await stream.waitForCount(1))).toEqual([
      { __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR', cursor: { eventSeq: 6 } },
    ])
    await ann.send(id, 'Four')
    expect(eventsOf(await stream.waitForCount(2))[1]).toMatchObject({
      __typename: 'MessageSent',
      cursor: { eventSeq: 7 },
    })
    stream.cut()
  })

  test('is completed for somebody who is removed', async () => {
    const id = await ann.createGroup([bob])
    const stream = await subscribeBySse(bob, query, { id, after: 0 })
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: bob.id } })
    expect(await stream.waitForEnd()).toBe('completed')
    expect(places(eventsOf(stream.results))).toEqual([['MemberLeft', 1]])
  })

  test('is cut when the session ends', async () => {
    const id = await ann.createGroup([bob])
    const login = `mutation ($input: LoginInput!) { login(input: $input) { ... on LoginSuccess {
      session { accessToken accessTokenExpiresAt refreshToken user { id handle displayName avatarUrl } } } } }`
    const input = { handle: bob.handle, password: 'correct horse battery' }
    const { data } = await ask<{ login: { session: Person['session'] } }>(server.url, login, { input })
    const phone = new Person(data!.login.session, server.url)
    const stream = await subscribeBySse(phone, query, { id, after: 0 })
    await ann.send(id, 'One')
    await stream.waitForCount(1)
    await ask(phone, 'mutation { logout }')
    expect(await stream.waitForEnd()).toBe('cut')
    await ann.send(id, 'Two')
    expect(stream.results).toHaveLength(1)
  })
})

describe('a refused subscription', () => {
  const fields = ['conversationEvents', 'messageEvents', 'receiptEvents']

  test.each(fields)('%s ends with the same error for what does not exist, is another’s or is no id', async (field) => {
    const foreign = await ann.createGroup([bob])
    const query = `subscription ($id: ID!) { ${field}(conversationId: $id) { __typename } }`
    const messages = new Set<string>()
    for (const id of [foreign, nothing, 'nonsense', '', ann.id]) {
      const [bySocket] = expectErrors(await askSocket(outsider, query, { id }), 'NOT_FOUND')
      const stream = await subscribeBySse(outsider, query, { id })
      expect(await stream.waitForEnd()).toBe('completed')
      expect(stream.results).toHaveLength(1)
      const [bySse] = expectErrors(stream.results[0] ?? {}, 'NOT_FOUND')
      messages.add(bySocket?.message ?? '').add(bySse?.message ?? '')
    }
    expect(messages.size).toBe(1)
  })

  test.each(fields)('%s ends with UNAUTHENTICATED for somebody without a token', async (field) => {
    const id = await ann.createGroup([bob])
    const query = `subscription ($id: ID!) { ${field}(conversationId: $id) { __typename } }`
    expectErrors(await askSocket(server.url, query, { id }), 'UNAUTHENTICATED')
    const stream = await subscribeBySse(server.url, query, { id })
    await stream.waitForEnd()
    expectErrors(stream.results[0] ?? {}, 'UNAUTHENTICATED')
  })

  test.each(fields)('%s ends with VALIDATION_ERROR for an `after` that is none', async (field) => {
    const id = await ann.createGroup([bob])
    for (const after of ['-1', '2147483648', '1.5', '"1"']) {
      const query = `subscription ($id: ID!) { ${field}(conversationId: $id, after: ${after}) { __typename } }`
      expectErrors(await askSocket(bob, query, { id }), 'VALIDATION_ERROR')
    }
  })

  test('inboxEvents ends with errors for streams that are not the viewer’s', async () => {
    const foreign = await ann.createGroup([bob])
    const [annsOwn] = await cursorsOf(ann)
    const query = `subscription ($after: [StreamCursorInput!]) { inboxEvents(after: $after) { __typename } }`
    for (const streamId of [foreign, nothing, 'nonsense', '', outsider.id, annsOwn?.streamId]) {
      expectErrors(await askSocket(outsider, query, { after: [{ streamId, eventSeq: 0 }] }), 'NOT_FOUND')
    }
    expectErrors(await askSocket(server.url, query, {}), 'UNAUTHENTICATED')
  })
})

describe('inboxEvents', () => {
  test('after a conversation that was left asks for a snapshot of it, and goes on with the others', async () => {
    const left = await ann.createGroup([bob])
    const stays = await ann.createGroup([bob])
    await ann.send(left, 'One')
    const cursors = await cursorsOf(bob)
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: left, userId: bob.id } })
    await ann.send(left, 'Not for Bob')
    const live = await bob.inboxEvents(cursors)
    await ann.send(stays, 'For Bob')
    await live.waitForCount(3)
    expect(live.events[0]).toMatchObject({ __typename: 'SnapshotRequired', streamId: left, reason: 'UNKNOWN_CURSOR' })
    expect(live.events.slice(1)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ __typename: 'InboxEntryChanged', conversationId: left, entry: null }) as unknown,
        expect.objectContaining({
          __typename: 'MessageSent',
          cursor: expect.objectContaining({ streamId: stays }) as object,
        }),
      ]),
    )
    expect(JSON.stringify(live.events)).not.toContain('Not for Bob')
    live.cut()
  })

  test('after places that are ahead or expired ask for snapshots of these streams alone', async () => {
    const [ahead, expired, fine] = [await eventful(), await eventful(), await eventful()]
    await expire(expired, 4)
    const live = await bob.inboxEvents([
      { streamId: ahead, eventSeq: 77 },
      { streamId: expired, eventSeq: 1 },
      { streamId: fine, eventSeq: 5 },
    ])
    await live.waitForCount(3)
    const lost = live.events.filter((event) => event.__typename === 'SnapshotRequired')
    expect(lost).toHaveLength(2)
    expect(lost).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ streamId: ahead, reason: 'UNKNOWN_CURSOR' }) as unknown,
        expect.objectContaining({ streamId: expired, reason: 'EXPIRED' }) as unknown,
      ]),
    )
    for (const id of [ahead, expired, fine]) await ann.send(id, 'Live')
    await live.waitForCount(6)
    live.cut()
  })

  test('tell the one who is removed so, on the conversation’s stream and on their own', async () => {
    const id = await ann.createGroup([bob])
    const live = await followInbox(bob)
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: bob.id } })
    await live.waitForCount(2)
    expect(live.events.map((event) => event.__typename).sort()).toEqual(['InboxEntryChanged', 'MemberLeft'])
    live.cut()
  })
})

describe('resync', () => {
  const resync = async (person: Person, cursors: { streamId: string; eventSeq: number }[], limit?: number | null) =>
    (await person.client.request(ResyncDocument, { cursors, limit })).resync

  test('brings what stands after each cursor, and where to go on', async () => {
    const [one, two] = [await eventful(), await eventful()]
    const [own] = await cursorsOf(bob)
    const answer = await resync(bob, [
      { streamId: one, eventSeq: 0 },
      { streamId: two, eventSeq: 4 },
      { streamId: own!.streamId, eventSeq: own!.eventSeq - 1 },
    ])
    expect(answer.viewerCursor).toMatchObject(own!)
    expect(answer.streams).toMatchObject([
      { streamId: one, hasMore: false, cursor: { streamId: one, eventSeq: 6 } },
      { streamId: two, hasMore: false, cursor: { streamId: two, eventSeq: 6 } },
      { streamId: own!.streamId, hasMore: false, cursor: own },
    ])
    expect(answer.streams.map((stream) => places(stream.events))).toEqual([
      whatHappened,
      whatHappened.slice(4),
      [['InboxEntryChanged', own!.eventSeq]],
    ])
    const upToDate = await resync(bob, [{ streamId: one, eventSeq: 6 }])
    expect(upToDate.streams).toMatchObject([{ events: [], hasMore: false, cursor: { eventSeq: 6 } }])
  })

  test('is asked again while there is more', async () => {
    const id = await eventful()
    const seen: unknown[] = []
    let cursor = { streamId: id, eventSeq: 0 }
    for (let turn = 1; ; turn++) {
      const [stream] = (await resync(bob, [cursor], 4)).streams
      seen.push(...places(stream!.events))
      cursor = { streamId: id, eventSeq: stream!.cursor.eventSeq }
      expect(stream!.hasMore).toBe(turn === 1)
      if (!stream!.hasMore) break
    }
    expect(seen).toEqual(whatHappened)
  })

  test('gives 500 events of a stream when no limit is given, and 1,000 at the most', async () => {
    const id = await ann.createGroup([bob])
    await ann.send(id, 'The first')
    // A long log by hand: 1,200 renamings.
    await database.query(
      `INSERT INTO events (stream_id, seq, type, actor_id, occurred_at)
       SELECT $1, n, 'CONVERSATION_UPDATED', $2, now() FROM generate_series(2, 1200) AS n`,
      [uuidOf(id), uuidOf(ann.id)],
    )
    await database.query('UPDATE conversations SET head_event_seq = 1200 WHERE id = $1', [uuidOf(id)])
    const query = `query ($limit: Int, $id: ID!) { resync(cursors: [{ streamId: $id, eventSeq: 0 }], limit: $limit) {
      streams { hasMore cursor { eventSeq } events { __typename } } } }`
    interface Data {
      resync: { streams: { hasMore: boolean; cursor: { eventSeq: number }; events: object[] }[] }
    }
    const plain = `query ($id: ID!) { resync(cursors: [{ streamId: $id, eventSeq: 0 }]) {
      streams { hasMore cursor { eventSeq } events { __typename } } } }`
    const counts = async (text: string, limit?: number | null) => {
      const { data } = await ask<Data>(bob, text, { id, limit })
      const [stream] = data!.resync.streams
      return [stream?.events.length, stream?.cursor.eventSeq, stream?.hasMore]
    }
    expect(await counts(plain)).toEqual([500, 500, true])
    expect(await counts(query, null)).toEqual([500, 500, true])
    expect(await counts(query, 1)).toEqual([1, 1, true])
    expect(await counts(query, 1000)).toEqual([1000, 1000, true])
    for (const limit of [0, -1, 1001, 2_147_483_647]) {
      const [error] = expectErrors(await ask(bob, query, { id, limit }), 'VALIDATION_ERROR')
      expect(error?.extensions.fields).toMatchObject([{ path: ['limit'] }])
    }
    const live = await bob.conversationEvents(id, 0)
    const events = await live.waitForCount(1200)
    expect(places(events).map(([, eventSeq]) => eventSeq)).toEqual(
      Array.from({ length: 1200 }, (_, index) => index + 1),
    )
    live.cut()
  })

  test('says which streams need a snapshot', async () => {
    const [ahead, expired, left] = [await eventful(), await eventful(), await eventful()]
    await expire(expired, 3)
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: left, userId: bob.id } })
    const answer = await resync(bob, [
      { streamId: ahead, eventSeq: 7 },
      { streamId: expired, eventSeq: 2 },
      { streamId: left, eventSeq: 2 },
    ])
    expect(answer.streams).toMatchObject([
      {
        hasMore: false,
        events: [{ __typename: 'SnapshotRequired', streamId: ahead, reason: 'UNKNOWN_CURSOR' }],
        cursor: { eventSeq: 6 },
      },
      {
        hasMore: false,
        events: [{ __typename: 'SnapshotRequired', streamId: expired, reason: 'EXPIRED' }],
        cursor: { eventSeq: 6 },
      },
      { hasMore: false, events: [{ __typename: 'SnapshotRequired', streamId: left, reason: 'UNKNOWN_CURSOR' }] },
    ])
  })

  test('of nothing answers the viewer’s own cursor, of another’s stream nothing at all', async () => {
    const [own] = await cursorsOf(bob)
    expect(await resync(bob, [])).toMatchObject({ streams: [], viewerCursor: own! })
    const foreign = await ann.createGroup([])
    const query = `query ($cursors: [StreamCursorInput!]!) { resync(cursors: $cursors) { viewerCursor { eventSeq } } }`
    const [annsOwn] = await cursorsOf(ann)
    for (const streamId of [foreign, nothing, 'nonsense', annsOwn?.streamId]) {
      expectErrors(await ask(bob, query, { cursors: [{ streamId, eventSeq: 0 }] }), 'NOT_FOUND')
    }
    expectErrors(await ask(server.url, query, { cursors: [] }), 'UNAUTHENTICATED')
  })
})

test('a snapshot and the events after its cursor give what a fresh read gives', async () => {
  const id = await ann.createGroup([bob])
  const { message } = await ann.send(id, 'One')
  const snapshot = (await bob.client.request(MessagesDocument, { id })).conversation!
  const state = new Map(snapshot.messages.edges.map(({ node }) => [node.seq, node]))
  await ann.send(id, 'Two')
  await ann.edit(message.id, 'One!')
  const three = await bob.send(id, 'Three')
  await bob.client.request(DeleteMessageDocument, { input: { messageId: three.message.id, opKey: newKey() } })
  const live = await bob.conversationEvents(id, snapshot.cursor.eventSeq)
  await live.waitFor((event) => event.__typename === 'MessageDeleted')
  for (const event of live.events) if ('message' in event) state.set(event.message.seq, event.message)
  const fresh = (await bob.client.request(MessagesDocument, { id })).conversation!
  expect([...state.values()]).toEqual(fresh.messages.edges.map(({ node }) => node))
  live.cut()
})
