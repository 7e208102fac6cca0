import { beforeAll, expect, test } from 'vitest'
import {
  AddMembersDocument,
  ConversationDocument,
  LeaveConversationDocument,
  ResyncDocument,
  UpdateInboxEntryDocument,
  ViewerDocument,
} from '../../sdk/src/generated/graphql.ts'
import { crowdSecret, gather, signUpMany } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import { InboxClient } from '../testkit/inbox-client.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { expectType, type Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { byHand, globalIdOf, markDelivered, statusOf } from '../testkit/receipts.ts'
import { startRedis } from '../testkit/redis.ts'
import { readFresh, type ConversationEvent } from '../testkit/replica.ts'
import { startServer } from '../testkit/server.ts'

const env = { JWT_SECRET: crowdSecret }
const often = { RECEIPT_FLUSH_INTERVAL_MS: '100' }
let pair: Pair

beforeAll(async () => {
  pair = await startPair({ env: { ...env, ...often } })
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!

const nothingWaits = (database: TestDatabase) =>
  expect
    .poll(() => database.query('SELECT FROM members WHERE pending_at IS NOT NULL'), { timeout: 20_000 })
    .toHaveLength(0)

test.each([
  { name: 'with Redis', redisGone: false },
  { name: 'while Redis is gone', redisGone: true },
])(
  'what was read is kept when its process is killed before it told of it, and told by another one: $name',
  async ({ redisGone }) => {
    const database = await createTestDatabase()
    const redis = await startRedis()
    const dying = await startServer({ databaseUrl: database.url, redisUrl: redis.url, env: { ...env, ...byHand } })
    const people = await signUpMany(database, dying.url, 12)
    const [ann, ...readers] = people as [Person, ...Person[]]
    const id = await gather(database, ann, readers)
    const { message } = await ann.send(id, 'Hello')
    if (redisGone) await redis.stop()
    const answers = await Promise.all(readers.map((reader) => reader.markRead(id, 1)))
    for (const { ack, entry } of answers) {
      expect(ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 1, unreadCount: 0 })
      expect(entry).toMatchObject({ lastReadSeq: 1, unreadCount: 0 })
    }
    expect((await statusOf(ann, message.id)).status).toBe('SENT')
    dying.kill('SIGKILL')
    await dying.exited

    const other = await startServer({ databaseUrl: database.url, redisUrl: redis.url, env: { ...env, ...often } })
    const live = await ann.at(other.url).conversationEvents(id, 0)
    const event = await live.waitFor(({ __typename }) => __typename === 'ReceiptAdvanced')
    expect(event).toMatchObject({ gathered: true, receipts: readers.map(() => ({ lastReadSeq: 1 })) })
    expect(await statusOf(ann.at(other.url), message.id)).toMatchObject({ status: 'READ' })
    await redis.stop()
  },
)

test('a conversation that somebody holds keeps no other one waiting, and is told when it can be had', async () => {
  const { database, urls } = pair
  const people = await signUpMany(database, urls[0], 12)
  const [ann, bob] = people as [Person, Person]
  const [held, free] = await Promise.all([
    gather(database, ann, people.slice(1)),
    gather(database, ann, people.slice(1)),
  ])
  for (const id of [held, free]) await ann.send(id, 'Hello')
  const [live, waiting] = await Promise.all([ann.conversationEvents(free), ann.conversationEvents(held)])
  const rows = await holdRows(database, 'SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE', [uuidOf(held)])
  // Reading needs no lock of it.
  for (const id of [held, free]) expect((await bob.markRead(id, 1)).ack.outcome).toBe('ADVANCED')
  await live.waitFor(({ __typename }) => __typename === 'ReceiptAdvanced')
  expect(waiting.events).toEqual([])
  await rows.release()
  await waiting.waitFor(({ __typename }) => __typename === 'ReceiptAdvanced')
  for (const reader of [live, waiting]) reader.cut()
})

/**
 * What the log says of everybody else's positions, from the first event on. Of oneself a receipt tells the own position as
 * it is now, which may have been marked unread by hand.
 */
async function positionsByLog(person: Person, streamId: string) {
  const positions: Record<string, [number, number]> = {}
  let eventSeq = 0
  for (let hasMore = true; hasMore;) {
    const { resync } = await person.client.request(ResyncDocument, { cursors: [{ streamId, eventSeq }], limit: 1_000 })
    const [stream] = resync.streams
    for (const event of stream!.events as ConversationEvent[]) {
      if (!('cursor' in event)) throw new Error('an event without its place')
      expect(event.cursor.eventSeq).toBe(++eventSeq)
      if (event.__typename === 'MessageSent') {
        positions[event.message.sender.id] = [event.message.seq, event.message.seq]
      }
      if (event.__typename === 'ReceiptAdvanced') {
        for (const { user, lastReadSeq, lastDeliveredSeq } of event.receipts) {
          if (user.id === globalIdOf(person)) continue
          const [readBefore, deliveredBefore] = positions[user.id] ?? [0, 0]
          // Strictly forward: nobody is told of what has not moved.
          expect(lastReadSeq).toBeGreaterThanOrEqual(readBefore)
          expect(lastDeliveredSeq).toBeGreaterThanOrEqual(deliveredBefore)
          expect(lastReadSeq + lastDeliveredSeq).toBeGreaterThan(readBefore + deliveredBefore)
          positions[user.id] = [lastReadSeq, lastDeliveredSeq]
        }
      }
    }
    hasMore = stream!.hasMore
  }
  return positions
}

test('everybody who sends and reads at once in groups of all sizes on two servers is answered, and all agree in the end', async () => {
  await withRandom(async (random) => {
    const { database, urls } = pair
    const crowd = await signUpMany(database, urls[0], 60)
    const groups = await Promise.all(
      [9, 10, 30, 60].map(async (size) => {
        const members = random.shuffled([...crowd]).slice(0, size)
        return { id: await gather(database, members[0]!, members.slice(1)), members }
      }),
    )
    const heads = new Map(groups.map(({ id }) => [id, 0]))
    const act = async (person: Person, id: string) => {
      const head = heads.get(id)!
      switch (random.below(8)) {
        case 0:
        case 1: {
          const { message } = await person.send(id, 'Hello')
          heads.set(id, Math.max(heads.get(id)!, message.seq))
          return
        }
        case 2:
          expect((await markDelivered(person, id, head)).lastDeliveredSeq).toBeGreaterThanOrEqual(head)
          return
        case 3: {
          const input = { conversationId: id, unreadFromSeq: 1 + random.below(head + 1) }
          const { updateInboxEntry } = await person.client.request(UpdateInboxEntryDocument, { input })
          expectType(updateInboxEntry, 'UpdateInboxEntrySuccess')
          return
        }
        default:
          await person.markRead(id, random.below(head + 2))
      }
    }
    await Promise.all(
      groups.flatMap(({ id, members }) =>
        members.map(async (person, index) => {
          const device = person.at(urls[index % 2]!)
          for (let count = 0; count < 8; count++) await act(device, id)
        }),
      ),
    )
    await nothingWaits(database)
    for (const { id, members } of groups) {
      const rows = await database.query<{ id: string; read: number; own: number; delivered: number; unread: number }>(
        `SELECT m.user_id AS id, m.last_read_seq AS read, m.own_read_seq AS own, m.last_delivered_seq AS delivered,
            (SELECT count(*)::int FROM messages x WHERE x.conversation_id = m.conversation_id AND x.seq > m.own_read_seq
              AND x.sender_id <> m.user_id) AS unread
          FROM members m WHERE m.conversation_id = $1`,
        [uuidOf(id)],
      )
      const [first, second] = members as [Person, Person]
      const seenByFirst = await positionsByLog(first, id)
      const seenBySecond = await positionsByLog(second, id)
      for (const row of rows) {
        const person = members.find((one) => one.id === row.id)!
        const byLog = person === first ? seenBySecond : seenByFirst
        expect([row.read, row.delivered]).toEqual(byLog[globalIdOf(person)] ?? [0, 0])
        const { conversation } = await person.client.request(ConversationDocument, { id })
        expect(conversation!.viewerEntry).toMatchObject({ unreadCount: row.unread, lastReadSeq: row.own })
      }
      expect(rows).toHaveLength(members.length)
    }
    const wrong = await database.query(
      `SELECT FROM members m JOIN conversations c ON c.id = m.conversation_id
        WHERE own_read_seq > last_read_seq OR last_read_seq > last_delivered_seq OR last_delivered_seq > c.head_seq
          OR caught_up AND own_read_seq < c.head_seq
          OR last_read_seq > 0 AND last_read_seq > last_sent_seq AND NOT EXISTS (
            SELECT FROM receipts r WHERE r.conversation_id = m.conversation_id AND r.user_id = m.user_id AND up_to_seq = last_read_seq)`,
    )
    expect(wrong).toEqual([])
    const [stats] = await database.query<{ deadlocks: number }>(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    )
    expect(stats!.deadlocks).toBe(0)
  })
})

test('a copy of a large group that is kept by the events of the inbox through cuts equals a fresh read, the own position too', async () => {
  await withRandom(async (random) => {
    const { database, urls } = pair
    const crowd = await signUpMany(database, urls[0], 12)
    const [owner, reader] = crowd as [Person, Person]
    const id = await gather(database, owner, crowd.slice(1))
    await owner.send(id, 'Hello')
    const client = new InboxClient(reader.id)
    await client.start(reader, (await reader.client.request(ViewerDocument, {})).viewer.cursor, [id])
    let head = 1
    for (let round = 0; round < effort(10, 4); round++) {
      const place = reader.at(urls[round % 2]!)
      await client.connect(place)
      head = Math.max(head, (await owner.send(id, 'One more')).message.seq)
      await Promise.all(
        crowd.map(async (person) => {
          const device = person.at(urls[random.below(2)]!)
          if (random.below(5) === 0) await device.send(id, 'Me too')
          else await device.markRead(id, 1 + random.below(head + 2))
        }),
      )
      await client.take(place, random.below(2))
      client.cut()
    }
    await nothingWaits(database)
    const { viewer } = await reader.client.request(ViewerDocument, {})
    const fresh = { [id]: (await readFresh(reader, id))! }
    const place = reader.at(urls[0])
    await client.connect(place)
    await client.catchUp(place, [viewer.cursor, { streamId: id, eventSeq: fresh[id]!.eventSeq }])
    expect(client.state(fresh)).toEqual(fresh)
    client.cut()
  })
})

test('unread counts of a large group equal a recount while its members read, write, delete, leave and come at once', async () => {
  await withRandom(async (random) => {
    const { database, urls } = pair
    const crowd = await signUpMany(database, urls[0], 14)
    const [owner, ...others] = crowd as [Person, ...Person[]]
    const id = await gather(database, owner, others)
    const inside = new Set(crowd)
    let head = 0

    const act = async (person: Person, url: string) => {
      const device = person.at(url)
      const choice = random.below(10)
      if (choice < 3) head = Math.max(head, (await device.send(id, 'Hello')).message.seq)
      else if (choice < 4) {
        const { message } = await device.send(id, 'Never mind')
        head = Math.max(head, message.seq)
        await device.remove(message.id)
      } else {
        const known = head
        const seq = random.below(known + 2)
        const { ack } = await device.markRead(id, seq)
        expect(ack.lastReadSeq).toBeGreaterThanOrEqual(Math.min(seq, known))
      }
    }
    const turn = async (person: Person) => {
      if (person === owner || random.below(8) > 0) return act(person, urls[random.below(2)]!)
      await person.client.request(LeaveConversationDocument, { input: { conversationId: id } })
      inside.delete(person)
    }
    for (let round = 0; round < effort(12, 4); round++) {
      const absent = crowd.filter((person) => !inside.has(person))
      await Promise.all([
        ...[...inside].map(turn),
        ...absent.map(async (person) => {
          const added = { conversationId: id, userIds: [globalIdOf(person)] }
          expectType((await owner.client.request(AddMembersDocument, { input: added })).addMembers, 'AddMembersSuccess')
          inside.add(person)
        }),
      ])
      await Promise.all(
        [...inside].map(async (person) => {
          const { conversation } = await person.at(urls[round % 2]!).client.request(ConversationDocument, { id })
          const { lastReadSeq, unreadCount } = conversation!.viewerEntry!
          const [counted] = await database.query<{ unread: number }>(
            `SELECT count(*)::int AS unread FROM messages
              WHERE conversation_id = $1 AND seq > $2 AND sender_id <> $3 AND deleted_at IS NULL`,
            [uuidOf(id), lastReadSeq, person.id],
          )
          expect(unreadCount).toBe(counted!.unread)
        }),
      )
    }
    await nothingWaits(database)
  })
})
