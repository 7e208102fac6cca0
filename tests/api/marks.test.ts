import { beforeAll, expect, test } from 'vitest'
import {
  ConversationDocument,
  MessageEventsDocument,
  ReceiptEventsDocument,
  ResyncDocument,
  ViewerDocument,
  WriteStatusDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, askSocket, expectErrors } from '../testkit/api.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import { sharedServer } from '../testkit/shared.ts'

let ann: Person
let bob: Person
beforeAll(async () => {
  const { server } = await sharedServer()
  ;[ann, bob] = (await Promise.all(['Ann', 'Bob'].map((name) => signUp(server.url, name)))) as [Person, Person]
})

interface Cursor {
  streamId: string
  eventSeq: number
  mark: string
}

/** What a stream has after a cursor. */
async function after({ streamId, eventSeq, mark }: Cursor, who = ann) {
  const { resync } = await who.client.request(ResyncDocument, { cursors: [{ streamId, eventSeq, mark }] })
  return resync.streams[0]!
}

const ofAnotherHistory = { __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' }
const isPlace = (cursor: Cursor) => expect(cursor.mark).toMatch(/^[\w-]{1,16}$/)

test('every cursor has a mark, and each of the same place the same one', async () => {
  const conversation = await ann.createGroup([bob])
  const seen = new Map<string, Set<string>>()
  const note = (...cursors: Cursor[]) => {
    for (const cursor of cursors) {
      isPlace(cursor)
      const place = `${cursor.streamId} ${cursor.eventSeq}`
      seen.set(place, (seen.get(place) ?? new Set()).add(cursor.mark))
    }
  }
  const noteHeads = async () => {
    const { viewer } = await ann.client.request(ViewerDocument, {})
    const { conversation: read } = await ann.client.request(ConversationDocument, { id: conversation })
    note(viewer.cursor, read!.cursor)
  }
  const live = await ann.conversationEvents(conversation, 0)
  // From its positions: without them it may begin after the first events.
  const { viewer } = await ann.client.request(ViewerDocument, {})
  const inbox = await ann.inboxEvents([viewer.cursor, { streamId: conversation, eventSeq: 0 }])
  await noteHeads()
  const key = newKey()
  const first = await ann.send(conversation, 'One', key)
  note(first.ack.cursor)
  await noteHeads()
  note((await ann.send(conversation, 'One', key)).ack.cursor)
  const { writeStatus } = await ann.client.request(WriteStatusDocument, { opKey: key })
  note(writeStatus.cursor!)
  note((await ann.edit(first.message.id, 'Two')).ack.cursor)
  await noteHeads()
  note((await ann.remove(first.message.id)).ack.cursor)
  await bob.markRead(conversation, 1)
  await noteHeads()
  // Several at once go in one statement.
  const sent = await Promise.all(['a', 'b', 'c', 'd'].map((text) => bob.send(conversation, text)))
  note(...sent.map(({ ack }) => ack.cursor))
  await noteHeads()
  note(...(await live.waitForCount(8)).map((event) => event.cursor))
  note(...(await inbox.waitForCount(8)).map((event) => event.cursor))
  const { events, cursor } = await after({ streamId: conversation, eventSeq: 0, mark: '0' })
  note(...events.map((event) => event.cursor), cursor)

  expect([...seen].filter(([, marks]) => marks.size !== 1)).toEqual([])
  // No two events have the same one.
  expect(new Set([...seen.values()].flatMap((marks) => [...marks])).size).toBe(seen.size)
  expect(seen.size).toBeGreaterThan(9)
})

test('a mark of no event there is answered by SnapshotRequired wherever a position is taken up, and the stream goes on live', async () => {
  const conversation = await ann.createGroup([bob])
  for (const text of ['One', 'Two', 'Three']) await ann.send(conversation, text)
  const { events } = await after({ streamId: conversation, eventSeq: 0, mark: '0' })
  const [first, , third] = events.map(({ cursor }) => cursor)
  const { viewer } = await ann.client.request(ViewerDocument, {})

  const wrong = [
    { ...first!, mark: third!.mark },
    { ...third!, mark: first!.mark },
    { ...first!, mark: 'x' },
    { ...first!, eventSeq: 0 },
    { ...third!, mark: '0' },
    { ...viewer.cursor, mark: first!.mark },
  ]
  for (const { streamId, eventSeq, mark } of wrong) {
    const { events: told, cursor, hasMore } = await after({ streamId, eventSeq, mark })
    expect(told).toMatchObject([ofAnotherHistory])
    expect({ cursor, hasMore }).toEqual({ cursor: told[0]!.cursor, hasMore: false })
    const inbox = await ann.inboxEvents([{ streamId, eventSeq, mark }])
    expect(await inbox.waitForCount(1)).toMatchObject([{ ...ofAnotherHistory, streamId }])
    inbox.cut()
    if (streamId !== conversation) continue
    const variables = { conversationId: conversation, after: eventSeq, mark }
    const readers = [
      await ann.conversationEvents(conversation, { eventSeq, mark }),
      await Reader.open(ann, MessageEventsDocument, variables, (data) => data.messageEvents),
      await Reader.open(ann, ReceiptEventsDocument, variables, (data) => data.receiptEvents),
    ]
    for (const reader of readers) {
      expect(await reader.waitForCount(1)).toMatchObject([ofAnotherHistory])
      expect(reader.events[0]!.cursor).toEqual(cursor)
    }
    const { ack } = await bob.send(conversation, `After ${eventSeq} ${mark}`)
    expect((await readers[0]!.waitForCount(2))[1]!.cursor).toEqual(ack.cursor)
    for (const reader of readers) reader.cut()
  }
  for (const cursor of [first!, third!, { ...first!, eventSeq: 0, mark: '0' }]) {
    const { events: told } = await after(cursor)
    expect(told[0]!.cursor.eventSeq).toBe(cursor.eventSeq + 1)
    const live = await ann.conversationEvents(conversation, cursor)
    expect((await live.waitForCount(1))[0]!.cursor.eventSeq).toBe(cursor.eventSeq + 1)
    live.cut()
  }
})

test('what is no mark is refused, and so is one without a position', async () => {
  const conversation = await ann.createGroup([bob])
  const subscriptions = ['conversationEvents', 'messageEvents', 'receiptEvents']
  for (const mark of ['', ' ', 'a b', 'x'.repeat(17), 'ä', 'a\0', '!', 'a+b=', 'a\n']) {
    const cursor = { streamId: conversation, eventSeq: 0, mark }
    const resync = `query ($c: [StreamCursorInput!]!) { resync(cursors: $c) { viewerCursor { eventSeq } } }`
    const [refused] = expectErrors(await ask(ann, resync, { c: [cursor] }), 'VALIDATION_ERROR')
    expect(refused!.extensions.fields).toMatchObject([{ path: ['cursors', '0', 'mark'] }])
    const inbox = `subscription ($c: [StreamCursorInput!]) { inboxEvents(after: $c) { __typename } }`
    expectErrors(await askSocket(ann, inbox, { c: [cursor] }), 'VALIDATION_ERROR')
    for (const field of subscriptions) {
      const text = `subscription ($id: ID!, $mark: String) { ${field}(conversationId: $id, after: 0, mark: $mark) { __typename } }`
      const [error] = expectErrors(await askSocket(ann, text, { id: conversation, mark }), 'VALIDATION_ERROR')
      expect(error!.extensions.fields).toMatchObject([{ path: ['mark'] }])
    }
  }
  for (const field of subscriptions) {
    const text = `subscription ($id: ID!) { ${field}(conversationId: $id, mark: "abc") { __typename } }`
    expectErrors(await askSocket(ann, text, { id: conversation }), 'VALIDATION_ERROR')
  }
})
