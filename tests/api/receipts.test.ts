import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  EditMessageDocument,
  InboxDocument,
  LeaveConversationDocument,
  RemoveMemberDocument,
  ResyncDocument,
  UpdateInboxEntryDocument,
} from '../../sdk/src/generated/graphql.ts'
import { follow, followInbox } from '../testkit/api.ts'
import { crowdSecret, gather, signUpMany } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { expectType, newKey, type Person } from '../testkit/person.ts'
import { byHand, flushReceipts, globalIdOf, markDelivered, positionsOf, statusOf } from '../testkit/receipts.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

let database: TestDatabase
let server: ServerProcess
let people: Person[]
beforeAll(async () => {
  database = await createTestDatabase()
  const env = { ...byHand, JWT_SECRET: crowdSecret }
  server = await startServer({ databaseUrl: database.url, redisUrl: null, env })
  people = await signUpMany(database, server.url, 12)
})

/** What another test has left waiting is not this one's. */
beforeEach(async () => {
  await flushReceipts(database)
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!

/** A group of so many, with its members: Ann, who owns it, Bob, Cleo, and the others. */
async function groupOf(size: number, messages = 0) {
  const [ann, ...others] = people.slice(0, size) as [Person, ...Person[]]
  const id = await gather(database, ann, others)
  const sent = []
  for (let count = 1; count <= messages; count++) sent.push((await ann.send(id, `Message ${count}`)).message)
  const [bob, cleo, dora] = others as [Person, Person, Person]
  return { id, ann, bob, cleo, dora, sent }
}

const nowOf = async () => (await database.query<{ at: Date }>('SELECT clock_timestamp() AS at'))[0]!.at.getTime()
const unreadFrom = async (person: Person, conversationId: string, unreadFromSeq: number) => {
  const input = { conversationId, unreadFromSeq }
  const { updateInboxEntry } = await person.client.request(UpdateInboxEntryDocument, { input })
  return expectType(updateInboxEntry, 'UpdateInboxEntrySuccess').entry
}
/** All of what the live reader has got after one more message came to it. */
async function eventsUntil(live: Awaited<ReturnType<typeof follow>>, sender: Person, id: string) {
  const { message } = await sender.send(id, 'The end')
  await live.waitFor((event) => event.__typename === 'MessageSent' && event.message.seq === message.seq)
  live.cut()
  return live.events.slice(0, -1)
}

describe('receipts in conversations of fewer than ten', () => {
  test.each([2, 3, 9])('are told at once in a group of %i, each in an event of its own', async (size) => {
    const { id, ann, bob, sent } = await groupOf(size, 1)
    const live = await follow(ann, id)
    await markDelivered(bob, id, 1)
    await bob.markRead(id, 1)
    expect(await live.waitForCount(2)).toMatchObject([
      { gathered: false, receipts: [{ lastReadSeq: 0, lastDeliveredSeq: 1 }] },
      { gathered: false, receipts: [{ lastReadSeq: 1, lastDeliveredSeq: 1 }] },
    ])
    expect((await statusOf(ann, sent[0]!.id)).readBy.nodes).toMatchObject([{ user: { id: globalIdOf(bob) } }])
    expect(await flushReceipts(database)).toBe(0)
    live.cut()
  })

  test('are told at once in a direct conversation', async () => {
    const [ann, bob] = people as [Person, Person]
    const peer = await ann.startDirect({ id: globalIdOf(bob) })
    const { message } = await ann.send(peer, 'Hello')
    const live = await follow(ann, peer)
    await bob.markRead(peer, message.seq)
    expect(await live.waitForCount(1)).toMatchObject([{ gathered: false, receipts: [{ lastReadSeq: message.seq }] }])
    expect((await statusOf(ann, message.id)).status).toBe('READ')
    live.cut()
  })
})

describe('receipts in a group of ten', () => {
  test('come to the reader and their devices at once, and to the others in one event with all of them', async () => {
    const { id, ann, bob, cleo, dora, sent } = await groupOf(10, 2)
    const [live, own, phone] = await Promise.all([follow(ann, id), follow(bob, id), followInbox(bob)])
    const before = await nowOf()
    const { ack, entry } = await bob.markRead(id, 1)
    const after = await nowOf()
    expect(ack).toEqual({
      outcome: 'ADVANCED',
      lastReadSeq: 1,
      lastDeliveredSeq: 1,
      unreadCount: 1,
    })
    expect(entry).toMatchObject({ lastReadSeq: 1, unreadCount: 1 })
    expect(await phone.waitForCount(1)).toMatchObject([
      { __typename: 'InboxEntryChanged', conversationId: id, entry: { lastReadSeq: 1, unreadCount: 1 } },
    ])
    expect(await markDelivered(cleo, id, 2)).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 0, lastDeliveredSeq: 2 })
    expect(await positionsOf(bob, id, globalIdOf(bob))).toEqual([1, 0])

    // Nobody else sees anything of it, wherever they look.
    expect(await statusOf(ann, sent[0]!.id)).toMatchObject({ status: 'SENT', readBy: { nodes: [] } })
    expect(await positionsOf(ann, id, globalIdOf(bob))).toEqual([0, 0])
    expect(await positionsOf(ann, id, globalIdOf(cleo))).toEqual([0, 0])

    await dora.markRead(id, 2)
    expect(await flushReceipts(database)).toBe(1)
    const [event] = await live.waitForCount(1)
    expect(event).toMatchObject({
      gathered: true,
      receipts: [
        { user: { id: globalIdOf(bob) }, lastReadSeq: 1, lastDeliveredSeq: 1 },
        { user: { id: globalIdOf(cleo) }, lastReadSeq: 0, lastDeliveredSeq: 2 },
        { user: { id: globalIdOf(dora) }, lastReadSeq: 2, lastDeliveredSeq: 2 },
      ],
    })
    expect(await own.waitForCount(1)).toEqual([event])
    expect(await positionsOf(ann, id, globalIdOf(bob))).toEqual([1, 1])
    expect(await positionsOf(ann, id, globalIdOf(cleo))).toEqual([0, 2])
    // Exact times, though it was told later.
    const { readBy } = await statusOf(ann, sent[0]!.id)
    expect(readBy.nodes.map(({ user }) => user.id)).toEqual([globalIdOf(bob), globalIdOf(dora)])
    const readAt = Date.parse(readBy.nodes[0]!.readAt)
    expect(readAt).toBeGreaterThanOrEqual(Math.floor(before))
    expect(readAt).toBeLessThanOrEqual(after)
    expect(event).toMatchObject({ receipts: [{ at: readBy.nodes[0]!.readAt }, {}, {}] })
    expect((await statusOf(ann, sent[1]!.id)).readBy.nodes.map(({ user }) => user.id)).toEqual([globalIdOf(dora)])
    expect(await flushReceipts(database)).toBe(0)
    expect(live.events).toHaveLength(1)
    for (const reader of [live, own, phone]) reader.cut()
  })

  test('make a message READ when the last of them has been told', async () => {
    const { id, ann, sent } = await groupOf(10, 1)
    for (const person of people.slice(1, 9)) await person.markRead(id, 1)
    await flushReceipts(database)
    await markDelivered(people[9]!, id, 1)
    expect((await statusOf(ann, sent[0]!.id)).status).toBe('SENT')
    await flushReceipts(database)
    expect((await statusOf(ann, sent[0]!.id)).status).toBe('DELIVERED')
    await people[9]!.markRead(id, 1)
    expect((await statusOf(ann, sent[0]!.id)).status).toBe('DELIVERED')
    await flushReceipts(database)
    expect((await statusOf(ann, sent[0]!.id)).status).toBe('READ')
  })

  test('have the largest of what devices report in any order, before and after a flush', async () => {
    const { id, ann, bob } = await groupOf(10, 6)
    const live = await follow(ann, id)
    const mark = async (seq: number) => (await bob.markRead(id, seq)).ack
    expect(await mark(2)).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 2, unreadCount: 4 })
    expect(await mark(4)).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 4, unreadCount: 2 })
    expect(await mark(3)).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 4, unreadCount: 2 })
    expect(await markDelivered(bob, id, 3)).toMatchObject({ outcome: 'UNCHANGED', lastDeliveredSeq: 4 })
    expect(await markDelivered(bob, id, 5)).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 4, lastDeliveredSeq: 5 })
    await flushReceipts(database)
    expect(await mark(1)).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 4, lastDeliveredSeq: 5 })
    expect(await flushReceipts(database)).toBe(0)
    expect(await mark(2_147_483_647)).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 6, unreadCount: 0 })
    expect(await mark(2_147_483_647)).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 6 })
    await flushReceipts(database)
    const positions = { user: { id: globalIdOf(bob) } }
    expect(await eventsUntil(live, ann, id)).toMatchObject([
      { receipts: [{ ...positions, lastReadSeq: 4, lastDeliveredSeq: 5 }] },
      { receipts: [{ ...positions, lastReadSeq: 6, lastDeliveredSeq: 6 }] },
    ])
  })

  test('of a device that was offline count when they are newer, also while something waits', async () => {
    const { id, ann, bob } = await groupOf(10, 5)
    await bob.markRead(id, 3)
    const phone = bob.at(server.url)
    expect((await phone.markRead(id, 2)).ack).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 3, unreadCount: 2 })
    expect((await phone.markRead(id, 5)).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 5, unreadCount: 0 })
    expect((await bob.markRead(id, 4)).ack).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 5, unreadCount: 0 })
    await flushReceipts(database)
    expect(await positionsOf(ann, id, globalIdOf(bob))).toEqual([5, 5])
  })

  test('that come in after the conversation was marked unread by hand leave it unread', async () => {
    const { id, ann, bob } = await groupOf(10, 4)
    await bob.markRead(id, 4)
    const phone = await followInbox(bob)
    expect(await unreadFrom(bob, id, 2)).toMatchObject({ lastReadSeq: 1, unreadCount: 3 })
    expect(await phone.waitForCount(1)).toMatchObject([{ entry: { lastReadSeq: 1, unreadCount: 3 } }])
    await flushReceipts(database)
    expect(await phone.waitForCount(2)).toMatchObject([{}, { gathered: true, receipts: [{ lastReadSeq: 4 }] }])
    expect(await positionsOf(ann, id, globalIdOf(bob))).toEqual([4, 4])
    expect(await positionsOf(bob, id, globalIdOf(bob))).toEqual([1, 4])
    // Read again: news for the own devices alone.
    expect((await bob.markRead(id, 3)).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 3, unreadCount: 1 })
    expect(await phone.waitForCount(3)).toMatchObject([{}, {}, { entry: { lastReadSeq: 3, unreadCount: 1 } }])
    expect(await flushReceipts(database)).toBe(0)
    phone.cut()
  })

  test('of who sends are told by the message, with the time at which they read what stands above', async () => {
    const { id, ann, bob, sent } = await groupOf(10, 2)
    const live = await follow(ann, id)
    await bob.markRead(id, 1)
    const after = await nowOf()
    const { message } = await bob.send(id, 'My answer')
    expect(await positionsOf(ann, id, globalIdOf(bob))).toEqual([3, 3])
    expect(await flushReceipts(database)).toBe(0)
    const [first, second] = await Promise.all(sent.map(({ id }) => statusOf(ann, id)))
    expect(Date.parse(first!.readBy.nodes[0]!.readAt)).toBeLessThanOrEqual(after)
    expect(second!.readBy.nodes[0]!.readAt).toBe(message.createdAt)
    // Nothing is unread for a sender, and there is nothing left to be read.
    expect((await bob.markRead(id, 3)).ack).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 3, unreadCount: 0 })
    expect(await eventsUntil(live, ann, id)).toMatchObject([{ __typename: 'MessageSent' }])
  })

  test('of who has left are told to nobody, and are there when they come back', async () => {
    const { id, ann, bob, sent } = await groupOf(11, 1)
    await bob.markRead(id, 1)
    await bob.client.request(LeaveConversationDocument, { input: { conversationId: id } })
    expect(await flushReceipts(database)).toBe(0)
    expect((await statusOf(ann, sent[0]!.id)).readBy.nodes).toEqual([])
    await database.query('SELECT parley_add_members($1, $2, $3, 1000)', [ann.id, uuidOf(id), [bob.id]])
    expect(await positionsOf(ann, id, globalIdOf(bob))).toEqual([1, 1])
    expect((await statusOf(ann, sent[0]!.id)).readBy.nodes).toMatchObject([{ user: { id: globalIdOf(bob) } }])
    expect(await flushReceipts(database)).toBe(0)
  })

  test('keep a message from being edited that somebody has read, before anybody is told', async () => {
    const { id, ann, bob } = await groupOf(10)
    await database.query(`UPDATE conversations SET edit_policy = 'UNTIL_READ' WHERE id = $1`, [uuidOf(id)])
    const { message } = await ann.send(id, 'Hello')
    await markDelivered(bob, id, 1)
    await ann.edit(message.id, 'Hello all')
    await bob.markRead(id, 1)
    const input = { messageId: message.id, text: 'Hello everybody', opKey: newKey() }
    const { editMessage } = await ann.client.request(EditMessageDocument, { input })
    expectType(editMessage, 'MessageLockedError')
  })

  test('that wait are told at once when the group has become smaller, with those that come then', async () => {
    const { id, ann, bob, cleo, sent } = await groupOf(10, 3)
    await bob.markRead(id, 1)
    const [{ at } = { at: null }] = await database.query<{ at: Date }>(
      'SELECT read_at AS at FROM receipts WHERE conversation_id = $1',
      [uuidOf(id)],
    )
    await cleo.markRead(id, 2)
    const input = { conversationId: id, userId: globalIdOf(people[9]!) }
    expectType((await ann.client.request(RemoveMemberDocument, { input })).removeMember, 'RemoveMemberSuccess')
    const live = await follow(ann, id)
    expect((await bob.markRead(id, 1)).ack).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 1 })
    expect((await bob.markRead(id, 3)).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 3 })
    expect(await live.waitForCount(1)).toMatchObject([{ gathered: false, receipts: [{ lastReadSeq: 3 }] }])
    expect((await statusOf(ann, sent[0]!.id)).readBy.nodes).toMatchObject([{ readAt: at!.toISOString() }])
    expect(await flushReceipts(database)).toBe(1)
    expect(await live.waitForCount(2)).toMatchObject([{}, { receipts: [{ user: { id: globalIdOf(cleo) } }] }])
    live.cut()
  })
})

describe('reading without the lock of the conversation', () => {
  test('passes over a member whose row somebody holds when there are many, and waits for it alone', async () => {
    const { id, bob, cleo } = await groupOf(10, 1)
    const rows = await holdRows(
      database,
      'SELECT FROM members WHERE conversation_id = $1 AND user_id = $2 FOR NO KEY UPDATE',
      [uuidOf(id), bob.id],
    )
    const answered = await database.query(
      'SELECT outcome FROM parley_advance_cursors($1::uuid[], $2::uuid[], $3::int[], $4::int[], 10)',
      [
        [bob.id, cleo.id, bob.id],
        [uuidOf(id), uuidOf(id), randomUUID()],
        [1, 1, 1],
        [0, 0, 0],
      ],
    )
    expect(answered.map(({ outcome }) => outcome as string)).toEqual(['LOCKED', 'ADVANCED', 'NOT_FOUND'])
    const read = bob.markRead(id, 1)
    await rows.waitForBlocked(1)
    await rows.release()
    expect((await read).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 1 })
  })

  test('does not hide a message that is just being sent', async () => {
    const { id, ann, bob } = await groupOf(10, 1)
    // The inbox's places are not due: sending changes nothing in the rows of those who have something unread.
    await database.query(`UPDATE conversations SET inbox_due_at = now() + interval '1 hour' WHERE id = $1`, [
      uuidOf(id),
    ])
    const send = 'SELECT parley_send_message($1, $2, $3, $4, $5, NULL)'
    const sending = await holdRows(database, send, [ann.id, uuidOf(id), newKey(), Buffer.alloc(32), 'Just now'])
    expect((await bob.markRead(id, 1)).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 1, unreadCount: 0 })
    await sending.release()
    const unread = async () => {
      const { inbox } = await bob.client.request(InboxDocument, { first: 100, filter: 'UNREAD' })
      return inbox.edges.map(({ node }) => node.conversation.id)
    }
    expect(await unread()).toContain(id)
    await flushReceipts(database)
    expect(await unread()).toContain(id)
  })
})

describe('a flush', () => {
  /** Has so many members of a group wait with their first message. */
  const letWait = (id: string, count: number) =>
    database.query(
      `UPDATE members SET pending_read_seq = 1, pending_delivered_seq = 1, pending_at = now()
        WHERE (conversation_id, user_id) IN (
          SELECT conversation_id, user_id FROM members WHERE conversation_id = $1 AND last_read_seq = 0 LIMIT $2)`,
      [uuidOf(id), count],
    )

  test('puts at most a thousand receipts into an event, and goes on until all are told', async () => {
    const [ann] = people as [Person]
    const id = await gather(database, ann, await signUpMany(database, server.url, 2_300))
    await ann.send(id, 'Hello')
    await letWait(id, 2_300)
    const live = await follow(ann, id)
    expect(await flushReceipts(database)).toBe(3)
    const events = await live.waitForCount(3)
    const told = events.map((event) => (event.__typename === 'ReceiptAdvanced' ? event.receipts : []))
    expect(told.map(({ length }) => length)).toEqual([1_000, 1_000, 300])
    expect(new Set(told.flat().map(({ user }) => user.id)).size).toBe(2_300)
    live.cut()
  })

  test('of more conversations than go into a call tells each once', async () => {
    const others = await signUpMany(database, server.url, 2)
    const ids = await Promise.all(
      Array.from({ length: 120 }, async () => {
        const id = await gather(database, people[0]!, others)
        await people[0]!.send(id, 'Hello')
        await letWait(id, 2)
        return id
      }),
    )
    expect(await flushReceipts(database)).toBe(ids.length)
    expect(await flushReceipts(database)).toBe(0)
  })

  test('passes over a conversation that somebody holds, and leaves it for later', async () => {
    const [held, free] = [await groupOf(10, 1), await groupOf(10, 1)]
    for (const { id, bob } of [held, free]) await bob.markRead(id, 1)
    const rows = await holdRows(database, 'SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE', [
      uuidOf(held.id),
    ])
    const [row] = await database.query<{ result: { left: string[]; events: { streamId: string }[] } }>(
      'SELECT parley_flush_receipts(NULL, NULL, 0) AS result',
    )
    expect(row!.result).toMatchObject({ left: [uuidOf(held.id)], events: [{ streamId: uuidOf(free.id) }] })
    await rows.release()
    expect(await flushReceipts(database)).toBe(1)
  })

  test('does not tell a conversation again before its pause is over', async () => {
    const { id, bob } = await groupOf(10, 2)
    await bob.markRead(id, 1)
    expect(await flushReceipts(database, 60_000)).toBe(1)
    await bob.markRead(id, 2)
    expect(await flushReceipts(database)).toBe(0)
    await database.query('UPDATE conversations SET receipts_due_at = now() WHERE id = $1', [uuidOf(id)])
    expect(await flushReceipts(database)).toBe(1)
  })

  test('is left to who is at it already', async () => {
    const { id, bob } = await groupOf(10, 1)
    await bob.markRead(id, 1)
    const other = await holdRows(database, `SELECT pg_advisory_xact_lock(hashtext('parley_flush_receipts'))`, [])
    expect(await flushReceipts(database)).toBe(0)
    await other.release()
    expect(await flushReceipts(database)).toBe(1)
  })
})

test('a history of large receipts is told a part at a time', async () => {
  const crowd = await signUpMany(database, server.url, 1_000)
  const [ann] = people as [Person]
  const id = await gather(database, ann, crowd)
  const count = 40
  await database.query(
    `WITH head AS (UPDATE conversations SET head_event_seq = head_event_seq + $3 WHERE id = $1 RETURNING head_event_seq - $3 AS seq)
      INSERT INTO events (stream_id, seq, type, data, occurred_at)
      SELECT $1, head.seq + nth, 'RECEIPT_ADVANCED', jsonb_build_object('gathered', true, 'receipts', (
        SELECT jsonb_agg(jsonb_build_object('userId', u, 'lastReadSeq', nth, 'lastDeliveredSeq', nth, 'at', clock_timestamp(),
          'delivered', true)) FROM unnest($2::uuid[]) u)), now()
      FROM head, generate_series(1, $3) nth`,
    [uuidOf(id), crowd.map((person) => person.id), count],
  )
  const told: number[] = []
  for (let eventSeq = 0, hasMore = true; hasMore;) {
    const { resync } = await ann.client.request(ResyncDocument, { cursors: [{ streamId: id, eventSeq }], limit: 1_000 })
    const [stream] = resync.streams
    // Else an answer for a group that has read much is a gigabyte.
    expect(stream!.events.length).toBeLessThanOrEqual(5)
    for (const event of stream!.events) {
      if (event.__typename !== 'ReceiptAdvanced') continue
      expect(event.receipts).toHaveLength(crowd.length)
      told.push(event.receipts[0]!.lastReadSeq)
    }
    ;({ hasMore } = stream!)
    eventSeq = stream!.cursor.eventSeq
  }
  expect(told).toEqual(Array.from({ length: count }, (_, index) => index + 1))
})
