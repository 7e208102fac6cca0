import { beforeAll, expect, test } from 'vitest'
import {
  InboxDocument,
  MarkAllReadDocument,
  UpdateInboxEntryDocument,
  UpdateSettingsDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors, follow, followInbox } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { gather, signUpMany } from '../testkit/crowd.ts'
import { signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let server: ServerProcess
let database: TestDatabase
let bob: Person
let crowd: Person[]
beforeAll(async () => {
  ;({ server, database } = await sharedServer())
  bob = await signUp(server.url, 'Bob')
  crowd = await signUpMany(database, server.url, 12)
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!
/** Of a size at which receipts are gathered. */
const largeGroup = (person: Person) => gather(database, bob, [...crowd, { id: uuidOf(person.id) }])
const unread = async (person: Person) => {
  const { inbox } = await person.client.request(InboxDocument, { first: 100, filter: 'ALL' })
  return inbox.edges.map(({ node }) => node.unreadCount).filter((count) => count > 0)
}
const markAll = async (person: Person, before?: string) =>
  (await person.client.request(MarkAllReadDocument, { input: before === undefined ? {} : { before } })).markAllRead

test('everything is read in conversations of all kinds, and the others see it as after markRead', async () => {
  const ann = await signUp(server.url, 'Ann')
  const direct = await bob.startDirect(ann)
  const small = await bob.createGroup([ann])
  const large = await largeGroup(ann)
  const archived = await bob.createGroup([ann], 'Archived')
  for (const id of [direct, small, large, archived]) for (const text of ['One', 'Two']) await bob.send(id, text)
  await ann.client.request(UpdateInboxEntryDocument, { input: { conversationId: archived, archived: true } })
  await ann.markRead(small, 1)
  expect((await unread(ann)).sort()).toEqual([1, 2, 2, 2])
  const [bobs, own] = [await follow(bob, direct), await followInbox(ann)]
  expect(await markAll(ann)).toEqual({ changedCount: 4, viewer: { unreadConversationCount: 0 } })
  expect(await unread(ann)).toEqual([])
  const receipt = await bobs.waitFor((event) => event.__typename === 'ReceiptAdvanced')
  expect(receipt).toMatchObject({ receipts: [{ user: { id: ann.id }, lastReadSeq: 2, lastDeliveredSeq: 2 }] })
  await own.waitFor((event) => event.__typename === 'InboxEntryChanged' && event.entry?.conversation.id === large)
  const query = 'query ($id: ID!) { conversation(id: $id) { lastMessage { readBy { nodes { user { id } } } } } }'
  expect((await ask(bob, query, { id: small })).data).toEqual({
    conversation: { lastMessage: { readBy: { nodes: [{ user: { id: ann.id } }] } } },
  })
  // Again it changes nothing, and what comes then is unread.
  expect((await markAll(ann)).changedCount).toBe(0)
  await bob.send(direct, 'Three')
  expect(await unread(ann)).toEqual([1])
})

test('`before` leaves unread what came after it, in each conversation', async () => {
  const ann = await signUp(server.url, 'Ann')
  const ids = [await bob.startDirect(ann), await bob.createGroup([ann]), await largeGroup(ann)]
  for (const id of ids) for (const text of ['One', 'Two', 'Three']) await bob.send(id, text)
  // Messages of three moments, in each conversation the same.
  const moments = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z']
  for (const id of ids) {
    const uuid = uuidOf(id)
    for (const [index, at] of moments.entries()) {
      await database.query('UPDATE messages SET created_at = $3 WHERE conversation_id = $1 AND seq = $2', [
        uuid,
        index + 1,
        at,
      ])
    }
  }
  expect((await markAll(ann, '2025-12-31T23:59:59.999Z')).changedCount).toBe(0)
  expect((await markAll(ann, moments[1])).changedCount).toBe(3)
  expect(await unread(ann)).toEqual([1, 1, 1])
  expect((await markAll(ann, moments[0])).changedCount).toBe(0)
  expect(await unread(ann)).toEqual([1, 1, 1])
  expect((await markAll(ann, '2999-01-01T00:00:00.000Z')).changedCount).toBe(3)
  expect(await unread(ann)).toEqual([])
})

test('with read receipts off it is known to the own devices alone', async () => {
  const ann = await signUp(server.url, 'Ann')
  await ann.client.request(UpdateSettingsDocument, { input: { readReceiptsEnabled: false } })
  const id = await bob.startDirect(ann)
  await bob.send(id, 'Hello')
  expect((await markAll(ann)).changedCount).toBe(1)
  expect(await unread(ann)).toEqual([])
  const query = 'query ($id: ID!) { conversation(id: $id) { lastMessage { readBy { nodes { user { id } } } } } }'
  expect((await ask(bob, query, { id })).data).toEqual({ conversation: { lastMessage: { readBy: { nodes: [] } } } })
})

test('needs a viewer, and a moment that is one', async () => {
  const mutation = 'mutation ($input: MarkAllReadInput) { markAllRead(input: $input) { changedCount } }'
  expectErrors(await ask(server.url, mutation), 'UNAUTHENTICATED')
  expectErrors(await ask(bob, mutation, { input: { before: 'yesterday' } }), 'VALIDATION_ERROR')
  expect((await ask(bob, mutation)).data).toEqual({ markAllRead: { changedCount: 0 } })
})
