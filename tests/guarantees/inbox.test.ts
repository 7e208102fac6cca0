import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { AddMembersDocument, RemoveMemberDocument, UpdateInboxEntryDocument } from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import { expectType, signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/** People that a group needs so that its members' rows have no place in the inbox: one more than parley_touch_activity's. */
const largeSize = 51

let database: TestDatabase
let server: ServerProcess
/** Global ids of people who never log in. */
let crowd: string[]

const userIdOf = (id: string) => Buffer.from(`User:${id}`).toString('base64url')

/** People by the thousand, without a login. */
async function makePeople(count: number): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO users (id, handle, display_name, search_name)
     SELECT gen_random_uuid(), 'made.' || substr(md5(random()::text || n), 1, 20), 'Made', 'made' FROM generate_series(1, $1::int) AS n
     RETURNING id`,
    [count],
  )
  return rows.map(({ id }) => id)
}

beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, redisUrl: null })
  crowd = (await makePeople(largeSize)).map(userIdOf)
})

const filters = ['ACTIVE', 'ARCHIVED', 'UNREAD', 'ALL'] as const
type Filter = (typeof filters)[number]

/** The inbox in its plainest form: all conversations of the person, sorted. */
async function plainInbox(person: Person, filter: Filter): Promise<string[]> {
  const rows = await database.query<{ id: string; archived: boolean; unread: number }>(
    `SELECT c.id, m.archived, (SELECT count(*)::int FROM messages x WHERE x.conversation_id = c.id AND x.seq > m.own_read_seq
        AND x.sender_id <> m.user_id AND x.deleted_at IS NULL) AS unread
      FROM members m JOIN conversations c ON c.id = m.conversation_id WHERE m.user_id = $1 AND m.left_at IS NULL
      ORDER BY m.pinned DESC, c.last_activity_at DESC, c.id DESC`,
    [keyOf(person.id)],
  )
  const kept = { ACTIVE: (row: (typeof rows)[0]) => !row.archived, ARCHIVED: (row: (typeof rows)[0]) => row.archived }
  const keep =
    filter === 'UNREAD' ? (row: (typeof rows)[0]) => row.unread > 0 : filter === 'ALL' ? () => true : kept[filter]
  return rows.filter(keep).map(({ id }) => id)
}

/** The whole inbox of somebody, a page at a time. */
async function pagedInbox(person: Person, filter: Filter, size: number, backward: boolean): Promise<string[]> {
  const query = `query ($filter: InboxFilter, $first: Int, $last: Int, $after: String, $before: String) {
    inbox(filter: $filter, first: $first, last: $last, after: $after, before: $before) { nodes { conversation { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
  interface Page {
    inbox: {
      nodes: { conversation: { id: string } }[]
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
    }
  }
  let seen: string[] = []
  let cursor: string | null = null
  for (;;) {
    const place: object = backward ? { last: size, before: cursor } : { first: size, after: cursor }
    const { data, text } = await ask<Page>(person, query, { filter, ...place })
    expect(data, text).toBeTruthy()
    const { nodes, pageInfo } = data!.inbox
    const ids = nodes.map(({ conversation }) => keyOf(conversation.id))
    seen = backward ? [...ids, ...seen] : [...seen, ...ids]
    cursor = backward ? pageInfo.startCursor : pageInfo.endCursor
    if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return seen
  }
}

/** What the inbox relies on: see the migration `reads`. */
const brokenPlaces = () =>
  database.query(
    `SELECT c.id, m.user_id, m.inbox_at, c.last_activity_at, m.caught_up FROM members m JOIN conversations c ON c.id = m.conversation_id
      WHERE m.left_at IS NULL AND (m.inbox_at > c.last_activity_at OR m.inbox_at + interval '1 second' <= c.last_activity_at
        OR m.caught_up AND m.own_read_seq <> c.head_seq)`,
  )

const places = 8
const talk = fc.nat({ max: places - 1 })
const who = fc.nat({ max: 1 })
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('send' as const), who, talk }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), who, talk, seq: fc.nat({ max: 9 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('unreadFrom' as const), who, talk, seq: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), who, talk }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pin' as const), who, talk, on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('archive' as const), who, talk, on: fc.boolean() }) },
  // Time passes for one conversation: less than, about, and more than the second that its place may be behind.
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('age' as const), who, talk, ms: fc.constantFrom(300, 999, 1000, 5000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leaveAndReturn' as const), who, talk }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('grow' as const), who, talk }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shrink' as const), who, talk }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function run(people: [Person, Person], talks: string[], action: Step): Promise<void> {
  const [owner, member] = people
  const person = people[action.who]!
  const conversationId = talks[action.talk]!
  const update = async (change: object) => {
    const input = { conversationId, ...change }
    const { updateInboxEntry } = await person.client.request(UpdateInboxEntryDocument, { input })
    expectType(updateInboxEntry, 'UpdateInboxEntrySuccess')
  }
  const add = async (userIds: string[]) => {
    const { addMembers } = await owner.client.request(AddMembersDocument, { input: { conversationId, userIds } })
    expectType(addMembers, 'AddMembersSuccess')
  }
  const remove = (userId: string) => owner.client.request(RemoveMemberDocument, { input: { conversationId, userId } })
  switch (action.kind) {
    case 'send':
      await person.send(conversationId, 'Hello')
      return
    case 'read':
      await person.markRead(conversationId, action.seq)
      return
    case 'unreadFrom':
      return update({ unreadFromSeq: action.seq })
    case 'delete': {
      const { message } = await person.send(conversationId, 'Gone')
      await person.remove(message.id)
      return
    }
    case 'pin':
      return update({ pinned: action.on })
    case 'archive':
      return update({ archived: action.on })
    case 'age':
      await database.query(
        `WITH aged AS (UPDATE conversations SET last_activity_at = last_activity_at - $2 * interval '1 ms',
            inbox_due_at = inbox_due_at - $2 * interval '1 ms' WHERE id = $1)
         UPDATE members SET inbox_at = inbox_at - $2 * interval '1 ms' WHERE conversation_id = $1`,
        [keyOf(conversationId), action.ms],
      )
      return
    case 'leaveAndReturn':
      await remove(member.id)
      await owner.send(conversationId, 'While they were away')
      return add([member.id])
    case 'grow':
      await add(crowd)
      return
    case 'shrink':
      await Promise.all(crowd.slice(0, 5).map(remove))
      return
  }
}

test('every page of the inbox is what sorting all conversations gives, after each step of any sequence of operations', async () => {
  const looks = fc.record({
    filter: fc.constantFrom(...filters),
    size: fc.constantFrom(1, 2, 3, 5),
    backward: fc.boolean(),
  })
  const property = fc.asyncProperty(
    fc.array(fc.tuple(step, looks), { minLength: 15, maxLength: 30 }),
    async (steps) => {
      const people: [Person, Person] = await Promise.all([signUp(server.url), signUp(server.url)])
      const talks: string[] = []
      for (let index = 0; index < places; index++)
        talks.push(await people[0].createGroup([people[1]], `Group ${index}`))
      const check = async (filter: Filter, size: number, backward: boolean) => {
        for (const person of people) {
          expect(await pagedInbox(person, filter, size, backward), `${filter} by ${size}`).toEqual(
            await plainInbox(person, filter),
          )
        }
      }
      for (const [action, { filter, size, backward }] of steps) {
        await run(people, talks, action)
        expect(await brokenPlaces()).toEqual([])
        await check(filter, size, backward)
      }
      for (const filter of filters) for (const backward of [true, false]) await check(filter, 3, backward)
    },
  )
  await fc.assert(property, { numRuns: effort(5, 1), endOnFailure: true })
})

/** A person in so many conversations, each with one message, and every twentieth unread. */
async function personIn(conversations: number): Promise<Person> {
  const person = await signUp(server.url)
  await database.query(
    `WITH made AS (
       INSERT INTO conversations (id, kind, title, member_count, head_seq, last_activity_at)
       SELECT gen_random_uuid(), 'GROUP', 'Group ' || n, 2, 1, now() - n * interval '1 minute' FROM generate_series(1, $2::int) AS n
       RETURNING id, title),
     talk AS (INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at)
       SELECT id, 1, $3, 'Hello', 'key', now() FROM made),
     seats AS (INSERT INTO members (conversation_id, user_id, own_read_seq)
       SELECT id, unnest(ARRAY[$1, $3]::uuid[]), CASE WHEN title LIKE '%20' THEN 0 ELSE 1 END FROM made)
     SELECT`,
    [keyOf(person.id), conversations, keyOf(crowd[0]!)],
  )
  await database.query(`SELECT parley_touch_activity(array_agg(conversation_id)) FROM members WHERE user_id = $1`, [
    keyOf(person.id),
  ])
  return person
}

/** Blocks of tables and indexes that the server's statements looked at for one request. */
async function blocksOf(person: Person, query: string): Promise<number> {
  const here = '(SELECT oid FROM pg_database WHERE datname = current_database())'
  // Each time another document: an answer that is kept looks at nothing.
  const askAnew = (count: number) => ask(person, `${query} # ${String(count)}`, {})
  // Plans are made and kept, and what is visible to all is noted.
  for (let count = 0; count < 10; count++) await askAnew(count)
  await database.query(`SELECT pg_stat_statements_reset(0, ${here}, 0)`)
  await askAnew(10)
  const [row] = await database.query<{ blocks: number }>(
    `SELECT sum(shared_blks_hit + shared_blks_read)::int AS blocks FROM pg_stat_statements
      WHERE dbid = ${here} AND (query LIKE '%"viewerHeadEventSeq"%' OR query LIKE '%"unreadConversationCount"%')`,
  )
  return row!.blocks
}

test('a page costs no more for somebody in 2,000 conversations than for somebody in 100', async () => {
  const [few, many] = [await personIn(100), await personIn(2_000)]
  await database.query('VACUUM ANALYZE members, conversations, messages')
  for (const page of ['first: 50', 'last: 50', 'first: 50, filter: ALL', 'first: 20, filter: ARCHIVED']) {
    const query = `{ inbox(${page}) { nodes { unreadCount conversation { lastMessage { text sender { handle } } } } } }`
    const [small, large] = [await blocksOf(few, query), await blocksOf(many, query)]
    expect(large, page).toBeLessThan(small * 1.3)
  }
  // By what is unread: 5 of 100, and 20 of 2,000.
  const badge = '{ viewer { unreadConversationCount } }'
  expect(await blocksOf(many, badge)).toBeLessThan((await blocksOf(few, badge)) * 30)
  expect(await blocksOf(many, badge)).toBeLessThan(2_000)
})

test('a message to a group of 10,000 touches one row of its members', async () => {
  const ann = await signUp(server.url)
  const group = await ann.createGroup([])
  await database.query('INSERT INTO members (conversation_id, user_id) SELECT $1, unnest($2::uuid[])', [
    keyOf(group),
    await makePeople(9_999),
  ])
  await database.query('UPDATE conversations SET member_count = 10000 WHERE id = $1', [keyOf(group)])
  await ann.send(group, 'The one that finds it grown')
  const versions = () =>
    database.query<{ row: string }>(`SELECT user_id || ' ' || xmin AS row FROM members WHERE conversation_id = $1`, [
      keyOf(group),
    ])
  const before = new Set((await versions()).map(({ row }) => row))
  await ann.send(group, 'Hello all')
  expect((await versions()).filter(({ row }) => !before.has(row))).toHaveLength(1)
})
