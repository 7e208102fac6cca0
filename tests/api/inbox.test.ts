import { beforeAll, describe, expect, test } from 'vitest'
import {
  AddMembersDocument,
  InboxDocument,
  RemoveMemberDocument,
  UpdateInboxEntryDocument,
  ViewerDocument,
  type InboxFilter,
  type InboxQuery,
  type UpdateInboxEntryInput,
} from '../../sdk/src/generated/graphql.ts'
import { ask, cursorsOf, expectErrors, followInbox } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { expectType, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let database: TestDatabase
let server: ServerProcess
beforeAll(async () => {
  ;({ server, database } = await sharedServer())
})

const signUpTwo = () => Promise.all([signUp(server.url, 'Ann'), signUp(server.url, 'Bob')])

const update = async (
  person: Person,
  conversationId: string,
  change: Omit<UpdateInboxEntryInput, 'conversationId'>,
) => {
  const input = { conversationId, ...change }
  const { updateInboxEntry } = await person.client.request(UpdateInboxEntryDocument, { input })
  return expectType(updateInboxEntry, 'UpdateInboxEntrySuccess').entry
}

const inboxOf = async (person: Person, filter?: InboxFilter | null) => {
  const { inbox } = await person.client.request(InboxDocument, { first: 100, filter })
  return inbox.edges.map((edge) => edge.node)
}
const idsOf = async (person: Person, filter?: InboxFilter) =>
  (await inboxOf(person, filter)).map((entry) => entry.conversation.id)
const unreadConversations = async (person: Person) =>
  (await person.client.request(ViewerDocument, {})).viewer.unreadConversationCount

describe('the inbox', () => {
  test('is empty for somebody new', async () => {
    const ann = await signUp(server.url)
    const { inbox } = await ann.client.request(InboxDocument, {})
    expect(inbox).toMatchObject({ edges: [], pageInfo: { hasNextPage: false, endCursor: null } })
  })

  test('has the pinned ones first, and the ones with the newest activity first among each', async () => {
    const [ann, bob] = await signUpTwo()
    const [one, two, three, four] = [
      await ann.createGroup([bob], 'One'),
      await ann.createGroup([bob], 'Two'),
      await ann.startDirect(bob),
      await ann.createGroup([bob], 'Four'),
    ]
    expect(await idsOf(bob)).toEqual([four, three, two, one])
    await ann.send(one, 'Hello')
    expect(await idsOf(bob)).toEqual([one, four, three, two])
    await update(bob, two, { pinned: true })
    await update(bob, three, { pinned: true })
    expect(await idsOf(bob)).toEqual([three, two, one, four])
    await ann.send(two, 'Hello')
    expect(await idsOf(bob)).toEqual([two, three, one, four])
    // Pinning is everybody's own.
    expect(await idsOf(ann)).toEqual([two, one, four, three])
    await update(bob, two, { pinned: false })
    expect(await idsOf(bob)).toEqual([three, two, one, four])
    // Neither an edit nor a deletion nor reading is activity.
    const { message } = await ann.send(four, 'Hello')
    await ann.send(one, 'Hello')
    await ann.edit(message.id, 'Hello!')
    await ann.remove(message.id)
    await bob.markRead(four, 1)
    expect(await idsOf(bob)).toEqual([three, one, four, two])
  })

  test.each(['ACTIVE', 'ALL', 'UNREAD'] as const)(
    'stays in its order while it is paged and messages come: each once, filter %s',
    async (filter) => {
      const [ann, bob] = await signUpTwo()
      const groups: string[] = []
      for (let index = 0; index < 9; index++) groups.push(await ann.createGroup([bob], `Group ${String(index)}`))
      // The last one has no message yet, and the first comes back from the archive.
      for (const group of groups.slice(0, -1)) await ann.send(group, 'Hello')
      if (filter === 'UNREAD') await ann.send(groups[8]!, 'Hello')
      for (const pinned of [groups[2]!, groups[5]!]) await update(bob, pinned, { pinned: true })
      const order = await idsOf(bob, filter)
      if (filter === 'ACTIVE') await update(bob, groups[0]!, { archived: true })
      const paged: string[] = []
      let after: string | null = null
      do {
        const { inbox }: InboxQuery = await bob.client.request(InboxDocument, { first: 2, after, filter })
        paged.push(...inbox.edges.map(({ node }) => node.conversation.id))
        after = inbox.pageInfo.hasNextPage ? (inbox.pageInfo.endCursor ?? null) : null
        // One that was shown, and those that were not: the next, and the last ones. Twice, and with a group that is new.
        for (const group of [paged[0]!, order.at(paged.length)!, order.at(-2)!, order.at(-1)!]) {
          if (group) for (const text of ['More', 'And more']) await ann.send(group, text)
        }
        await ann.send(await ann.createGroup([bob], 'New'), 'Hello')
      } while (after !== null)
      expect(paged.filter((id) => order.includes(id))).toEqual(order)
      expect(new Set(paged).size).toBe(paged.length)
    },
  )

  test('shows each conversation with its newest message, its peer and what is unread', async () => {
    const [ann, bob] = await signUpTwo()
    const direct = await ann.startDirect(bob)
    const group = await ann.createGroup([bob], 'Group')
    await ann.send(direct, 'One')
    const { message } = await ann.send(direct, 'Two')
    expect(await inboxOf(bob)).toMatchObject([
      {
        unreadCount: 2,
        lastReadSeq: 0,
        conversation: {
          id: direct,
          kind: 'DIRECT',
          title: null,
          headSeq: 2,
          peer: { id: ann.id, displayName: 'Ann' },
          lastMessage: { id: message.id, text: 'Two', sender: { id: ann.id } },
        },
      },
      { unreadCount: 0, conversation: { id: group, title: 'Group', peer: null, lastMessage: null } },
    ])
    await ann.remove(message.id)
    expect(await inboxOf(bob)).toMatchObject([
      { unreadCount: 1, conversation: { lastMessage: { id: message.id, text: null } } },
      {},
    ])
  })

  test('no longer has a conversation that was left', async () => {
    const [ann, bob] = await signUpTwo()
    const group = await ann.createGroup([bob])
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: group, userId: bob.id } })
    expect(await idsOf(bob, 'ALL')).toEqual([])
    await ann.client.request(AddMembersDocument, { input: { conversationId: group, userIds: [bob.id] } })
    expect(await idsOf(bob, 'ALL')).toEqual([group])
  })

  test('is filtered by what is archived and what is unread', async () => {
    const [ann, bob] = await signUpTwo()
    const make = async (title: string) => ann.createGroup([bob], title)
    const read = await make('read')
    const unread = await make('unread')
    const archived = await make('archived')
    const archivedUnread = await make('archived and unread')
    const deleted = await make('unread and deleted')
    for (const id of [read, unread, archivedUnread]) await ann.send(id, 'Hello')
    await update(bob, archived, { archived: true })
    expect(await update(bob, archivedUnread, { archived: true })).toMatchObject({ archived: true })
    await bob.markRead(read, 1)
    await ann.remove((await ann.send(deleted, 'Hello')).message.id)
    expect(await idsOf(bob)).toEqual([deleted, unread, read])
    expect(await idsOf(bob, 'ACTIVE')).toEqual([deleted, unread, read])
    expect(await idsOf(bob, 'ARCHIVED')).toEqual([archivedUnread, archived])
    expect(await idsOf(bob, 'UNREAD')).toEqual([archivedUnread, unread])
    expect(await idsOf(bob, 'ALL')).toEqual([deleted, archivedUnread, unread, read, archived])
    await update(bob, archived, { archived: false })
    expect(await idsOf(bob)).toEqual([deleted, unread, read, archived])
  })
})

describe('pages of the inbox', () => {
  const query = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: InboxFilter) {
    inbox(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      edges { cursor node { conversation { id } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
  interface Page {
    inbox: {
      edges: { cursor: string; node: { conversation: { id: string } } }[]
      pageInfo: {
        hasNextPage: boolean
        hasPreviousPage: boolean
        startCursor: string | null
        endCursor: string | null
      }
    }
  }
  let ann: Person
  let all: string[]
  const page = async (variables: Record<string, unknown>) => {
    const { data } = await ask<Page>(ann, query, { filter: 'ALL', ...variables })
    const { edges, pageInfo } = data!.inbox
    expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null])
    return { ids: edges.map((edge) => edge.node.conversation.id), ...pageInfo }
  }

  beforeAll(async () => {
    ann = await signUp(server.url)
    for (let index = 0; index < 30; index++) {
      const id = await ann.createGroup([], `Group ${index}`)
      if (index % 4 === 0) await update(ann, id, { pinned: true })
    }
    // All at the same moment but for one in three: the order among them is fixed all the same.
    await database.query(
      `WITH moved AS (UPDATE conversations SET last_activity_at = '2026-01-01T00:00:00.123Z' WHERE title ~ '[0-5]$' RETURNING *)
       UPDATE members m SET inbox_at = last_activity_at FROM moved WHERE m.conversation_id = moved.id`,
    )
    all = (await page({ first: 100 })).ids
    expect(all).toHaveLength(30)
  })

  test('hold 25 entries when no number is given', async () => {
    expect((await page({})).ids).toEqual(all.slice(0, 25))
  })

  test.each([1, 4, 29, 30, 100])(
    'of %i follow each other forwards without a gap or a repeat, ties too',
    async (first) => {
      const seen: string[] = []
      let after: string | null = null
      for (;;) {
        const part = await page({ first, after })
        expect(part.hasPreviousPage).toBe(seen.length > 0)
        seen.push(...part.ids)
        after = part.endCursor
        expect(part.hasNextPage).toBe(seen.length < all.length)
        if (!part.hasNextPage) break
      }
      expect(seen).toEqual(all)
    },
  )

  test.each([1, 4, 29, 30, 100])('of %i follow each other backwards as well', async (last) => {
    let seen: string[] = []
    let before: string | null = null
    for (;;) {
      const part = await page({ last, before })
      expect(part.hasNextPage).toBe(seen.length > 0)
      seen = [...part.ids, ...seen]
      before = part.startCursor
      expect(part.hasPreviousPage).toBe(seen.length < all.length)
      if (!part.hasPreviousPage) break
    }
    expect(seen).toEqual(all)
  })

  test('can be cut between two cursors', async () => {
    const { endCursor: after } = await page({ first: 5 })
    const { startCursor: before } = await page({ last: 5 })
    expect((await page({ first: 100, after, before })).ids).toEqual(all.slice(5, -5))
    expect((await page({ last: 2, after, before })).ids).toEqual(all.slice(-7, -5))
  })

  test('of one filter go on in another', async () => {
    const { endCursor } = await page({ first: 10 })
    expect((await page({ first: 100, after: endCursor, filter: 'ACTIVE' })).ids).toEqual(all.slice(10))
    expect((await page({ first: 100, after: endCursor, filter: 'ARCHIVED' })).ids).toEqual([])
    expect((await page({ first: 100, filter: null })).ids).toEqual(all)
  })
})

describe('an inbox entry', () => {
  test('is muted until a moment, and no longer by null; what is left out stays', async () => {
    const [ann, bob] = await signUpTwo()
    const id = await ann.startDirect(bob)
    const mutedUntil = '2099-12-31T23:59:59.999Z'
    expect(await update(bob, id, { mutedUntil })).toMatchObject({ mutedUntil, archived: false, pinned: false })
    expect(await update(bob, id, { archived: true })).toMatchObject({ mutedUntil, archived: true, pinned: false })
    expect(await update(bob, id, { pinned: true })).toMatchObject({ mutedUntil, archived: true, pinned: true })
    expect(await update(bob, id, { archived: null, pinned: null, unreadFromSeq: null })).toMatchObject({
      mutedUntil,
      archived: true,
      pinned: true,
    })
    expect(await update(bob, id, { mutedUntil: null })).toMatchObject({
      mutedUntil: null,
      archived: true,
      pinned: true,
    })
    // The peer has an entry of their own.
    expect(await inboxOf(ann)).toMatchObject([{ mutedUntil: null, archived: false, pinned: false }])
    // A moment in another time zone is the same moment.
    expect(await update(bob, id, { mutedUntil: '2099-01-01T02:00:00+02:00' })).toMatchObject({
      mutedUntil: '2099-01-01T00:00:00.000Z',
    })
  })

  test('tells the viewer’s other devices of each change, and nobody else', async () => {
    const [ann, bob] = await signUpTwo()
    const id = await ann.startDirect(bob)
    const phone = await followInbox(bob)
    const others = await followInbox(ann)
    const changes = [{ pinned: true }, { archived: true }, { mutedUntil: '2099-01-01T00:00:00.000Z' }]
    for (const change of changes) await update(bob, id, change)
    const all = { pinned: true, archived: true, mutedUntil: '2099-01-01T00:00:00.000Z' }
    const events = await phone.waitForCount(3)
    // Each tells the entry as it is when it is told.
    for (const [index, change] of changes.entries()) {
      expect(events[index]).toMatchObject({ __typename: 'InboxEntryChanged', conversationId: id, entry: change })
    }
    expect(events[2]).toMatchObject({ entry: all })
    await ann.send(id, 'Hello')
    expect(await others.waitForCount(1)).toMatchObject([{ __typename: 'MessageSent' }])
    phone.cut()
    others.cut()
  })
})

test('the number of unread conversations leaves out muted, archived and read ones, and counts one whose muting is over', async () => {
  const [ann, bob] = await signUpTwo()
  const ids: string[] = []
  for (let index = 0; index < 5; index++) ids.push(await ann.createGroup([bob], `Group ${index}`))
  const [plain = '', muted = '', archived = '', over = '', empty = ''] = ids
  for (const id of [plain, muted, archived, over]) await ann.send(id, 'Hello')
  await ann.send(plain, 'Hello again')
  expect(await unreadConversations(bob)).toBe(4)
  await update(bob, muted, { mutedUntil: '2099-01-01T00:00:00.000Z' })
  await update(bob, archived, { archived: true })
  await update(bob, over, { mutedUntil: '2020-01-01T00:00:00.000Z' })
  expect(await unreadConversations(bob)).toBe(2)
  await bob.markRead(plain, 2)
  expect(await unreadConversations(bob)).toBe(1)
  await ann.remove((await ann.send(empty, 'Hello')).message.id)
  expect(await unreadConversations(bob)).toBe(1)
  await update(bob, plain, { unreadFromSeq: 2 })
  expect(await unreadConversations(bob)).toBe(2)
  await update(bob, muted, { mutedUntil: null })
  expect(await unreadConversations(bob)).toBe(3)
  expect(await unreadConversations(ann)).toBe(0)
})

describe('inboxEvents', () => {
  test('from the viewer’s cursor brings what came since, conversations joined in between with their messages', async () => {
    const [ann, bob] = await signUpTwo()
    const known = await ann.createGroup([bob])
    const { viewer } = await bob.client.request(ViewerDocument, {})
    const fresh = await ann.createGroup([bob])
    await ann.send(fresh, 'One')
    await ann.send(fresh, 'Two')
    const live = await bob.inboxEvents([viewer.cursor])
    await live.waitForCount(3)
    expect(live.events.find((event) => event.__typename === 'InboxEntryChanged')).toMatchObject({
      conversationId: fresh,
      cursor: { streamId: viewer.cursor.streamId, eventSeq: viewer.cursor.eventSeq + 1 },
      entry: { conversation: { id: fresh } },
    })
    const texts = live.events.flatMap((event) => (event.__typename === 'MessageSent' ? [event.message.text] : []))
    expect(texts).toEqual(['One', 'Two'])
    await ann.send(known, 'Three')
    await live.waitForCount(4)
    expect(live.events[3]).toMatchObject({ message: { text: 'Three' } })
    expect(live.events).toHaveLength(4)
    live.cut()
  })

  test('go on with a conversation that is made while they run, its first messages included', async () => {
    const [ann, bob] = await signUpTwo()
    const live = await followInbox(bob)
    const direct = await ann.startDirect(bob)
    await ann.send(direct, 'One')
    const group = await ann.createGroup([bob])
    await Promise.all(['Two', 'Three', 'Four'].map((text) => ann.send(group, text)))
    await bob.send(group, 'Five')
    await live.waitForCount(7)
    const came = live.events.flatMap((event) =>
      event.__typename === 'InboxEntryChanged' ? [event.conversationId] : [],
    )
    expect(came).toEqual([direct, group])
    const sent = live.events.flatMap((event) => (event.__typename === 'MessageSent' ? [event.cursor] : []))
    const place = (streamId: string, eventSeq: number) => expect.objectContaining({ streamId, eventSeq }) as unknown
    expect(sent.filter((cursor) => cursor.streamId === direct)).toEqual([place(direct, 1)])
    expect(sent.filter((cursor) => cursor.streamId === group)).toEqual([1, 2, 3, 4].map((seq) => place(group, seq)))
    live.cut()
  })

  test('go on through being removed and coming back', async () => {
    const [ann, bob] = await signUpTwo()
    const group = await ann.createGroup([bob])
    const live = await followInbox(bob)
    // A reader that had not begun before the removal would be told that it lost its place.
    await ann.send(group, 'Before')
    await live.waitForCount(1)
    const who = { conversationId: group, userId: bob.id }
    await ann.client.request(RemoveMemberDocument, { input: who })
    await live.waitFor((event) => event.__typename === 'InboxEntryChanged' && event.entry === null)
    await ann.send(group, 'Not for Bob')
    await ann.client.request(AddMembersDocument, { input: { conversationId: group, userIds: [bob.id] } })
    await ann.send(group, 'Welcome back')
    await live.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Welcome back')
    const texts = live.events.flatMap((event) => (event.__typename === 'MessageSent' ? [event.message.text] : []))
    expect(texts).toEqual(['Before', 'Welcome back'])
    expect(live.events.map((event) => event.__typename).sort()).toEqual([
      'InboxEntryChanged',
      'InboxEntryChanged',
      'MemberJoined',
      'MemberLeft',
      'MessageSent',
      'MessageSent',
    ])
    live.cut()
  })

  test('from cursors of all streams bring each event once, in the order of its stream', async () => {
    const [ann, bob] = await signUpTwo()
    const ids = [await ann.startDirect(bob), await ann.createGroup([bob]), await ann.createGroup([bob])]
    const cursors = await cursorsOf(bob)
    for (let index = 0; index < 30; index++) await ann.send(ids[index % 3] ?? '', `Message ${index}`)
    const live = await bob.inboxEvents(cursors)
    const events = await live.waitForCount(30)
    for (const id of ids) {
      const seqs = events.flatMap((event) =>
        event.__typename !== 'SnapshotRequired' && event.cursor.streamId === id ? [event.cursor.eventSeq] : [],
      )
      expect(seqs).toEqual(Array.from({ length: 10 }, (_, index) => index + 1))
    }
    live.cut()
  })

  test('name at most 1,000 streams, and say which argument was wrong', async () => {
    const [ann, bob] = await signUpTwo()
    const id = await ann.startDirect(bob)
    const cursors = Array.from({ length: 1001 }, () => ({ streamId: id, eventSeq: 0 }))
    for (const after of [cursors, [{ streamId: id, eventSeq: -1 }]]) {
      const refused = await ann.inboxEvents(after)
      const ended = (await refused.waitForEnd()) as { errors: [] }
      const [error] = expectErrors(ended, 'VALIDATION_ERROR')
      expect(error?.extensions.fields).toMatchObject([{ path: ['after'] }])
    }
  })
})
