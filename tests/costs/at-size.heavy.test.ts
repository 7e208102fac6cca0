import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { createConversationStore } from '../../src/store/conversations.ts'
import { createDatabase, type Database } from '../../src/store/database/database.ts'
import { createEventStore } from '../../src/store/events.ts'
import { createMemberStore } from '../../src/store/members.ts'
import { createMessageStore } from '../../src/store/messages.ts'
import { createPeopleSearchStore } from '../../src/store/people-search.ts'
import { createPeopleStore } from '../../src/store/people.ts'
import { createPresenceStore } from '../../src/store/presence.ts'
import { createSessionStore } from '../../src/store/sessions.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'

/** Of each there are so many that a statement that reads through one of them stands out, and the world is made in seconds. */
const people = 100_000
const membersOfGroup = 10_000
const messagesOfGroup = 1_000
const receiptsOfPair = 100_000

let database: TestDatabase
let db: Database
let group: string
let pair: string
let ann: string
let bob: string

/** An id that says what it is of. */
const idOf = (kind: string, n: string) => `('${kind}0000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`

beforeAll(async () => {
  database = await createTestDatabase()
  ;[ann, bob] = ['1', '2'].map((n) => `a0000000-0000-4000-8000-00000000000${n}`) as [string, string]
  ;[group, pair] = ['1', '2'].map((n) => `c0000000-0000-4000-8000-00000000000${n}`) as [string, string]
  // A third is called Person, the others have all letters at the beginning of theirs. Bob read each message of Ann when it came. In
  // the group all read at once after the last message, and 500 of them now and then before. No foreign keys are checked: they are right.
  await database.query(`BEGIN; SET LOCAL session_replication_role = replica;
    INSERT INTO users (id, handle, display_name, search_name)
    SELECT ${idOf('a', 'n')}, 'p' || lpad(n::text, 6, '0'), 'A name',
      CASE WHEN n % 3 = 0 THEN 'person ' || n ELSE translate(lpad((n * 7919 % 1000000)::text, 6, '0'), '0123456789', 'abcdefghij') END
    FROM generate_series(1, ${people}) AS n;
    INSERT INTO conversations (id, kind, title, pair_key, member_count, head_seq, head_event_seq) VALUES
    ('${group}', 'GROUP', 'All', NULL, ${membersOfGroup}, ${messagesOfGroup}, ${messagesOfGroup}),
    ('${pair}', 'DIRECT', NULL, '${ann}:${bob}', 2, ${receiptsOfPair}, ${receiptsOfPair});
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at)
    SELECT '${group}'::uuid, ${idOf('a', 'n')}, ${messagesOfGroup} - n % 10, ${messagesOfGroup}, ${messagesOfGroup}, now() FROM generate_series(1, ${membersOfGroup}) AS n
    UNION ALL SELECT '${pair}'::uuid, ${idOf('a', 'n')}, ${receiptsOfPair}, ${receiptsOfPair}, ${receiptsOfPair}, now() FROM generate_series(1, 2) AS n;
    INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at)
    SELECT '${group}'::uuid, n, '${ann}'::uuid, 'Text', gen_random_uuid()::text, now() - interval '1 day' + n * interval '1 minute' FROM generate_series(1, ${messagesOfGroup}) AS n
    UNION ALL SELECT '${pair}'::uuid, n, '${ann}'::uuid, 'Text', gen_random_uuid()::text, now() - interval '10 days' + n * interval '1 second'
      FROM generate_series(1, ${receiptsOfPair}) AS n;
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at)
    SELECT '${pair}'::uuid, '${bob}'::uuid, n, now() - interval '10 days' + n * interval '1 second' FROM generate_series(1, ${receiptsOfPair}) AS n
    UNION ALL SELECT '${group}'::uuid, ${idOf('a', 'n')}, ${messagesOfGroup} - n % 10, now() + n * interval '1 second' FROM generate_series(1, ${membersOfGroup}) AS n
    UNION ALL SELECT '${group}'::uuid, ${idOf('a', 'n')}, 10 * k, now() - interval '1 day' + 10 * k * interval '1 minute' + n * interval '1 second'
      FROM generate_series(2, 501) AS n, generate_series(1, 99) AS k;
    INSERT INTO events (stream_id, seq, type, actor_id, data, occurred_at)
    SELECT '${ann}'::uuid, n, 'INBOX_ENTRY_CHANGED'::event_type, '${ann}'::uuid, jsonb_build_object('conversationId', '${group}'), now() FROM generate_series(1, 50000) AS n;
    COMMIT`)
  await database.query('ANALYZE')
  db = createDatabase({ connectionString: database.url, poolSize: 1, logger: createLogger('silent') })
}, 120_000)

atEnd(() => db.close())

/** Pages of 8 KB that one run of it touches, at the most, in memory or on disk: what it costs, however busy the machine. */
async function pagesOf(work: () => Promise<unknown>): Promise<number> {
  const here = '(SELECT oid FROM pg_database WHERE datname = current_database())'
  // Often enough that PostgreSQL keeps a plan for any values.
  for (let time = 0; time < 7; time++) await work()
  await database.query(`SELECT pg_stat_statements_reset(0, ${here}, 0)`)
  await work()
  const [row] = await database.query<{ pages: number }>(
    `SELECT max(shared_blks_hit + shared_blks_read)::int AS pages FROM pg_stat_statements
      WHERE dbid = ${here} AND toplevel AND calls = 1 AND query NOT LIKE '%pg_stat_statements%'`,
  )
  return row!.pages
}

/** Each read that a client can ask for, at its worst. */
function reads(): Record<string, [most: number, work: () => Promise<unknown>]> {
  const conversations = createConversationStore(db)
  const members = createMemberStore(db)
  const messages = createMessageStore(db)
  const store = createPeopleStore(db)
  const presence = createPresenceStore(db)
  const events = createEventStore(db)
  const search = createPeopleSearchStore(db)
  const find = (text: string, handle?: string) =>
    search.find({ text, after: handle === undefined ? null : { sharedCount: 0, handle }, limit: 101 }, ann)
  const readBy = (conversationId: string, seq: number, after: { readAtMs: number; userId: string } | null = null) =>
    messages.readBy([{ conversationId, seq, senderId: ann, after, limit: 51 }])
  const page = (conversationId: string, backward: boolean, afterSeq = 0) =>
    messages.pages([{ conversationId, afterSeq, beforeSeq: 2_147_483_647, backward, limit: 101 }])
  const long = { readAtMs: Date.now() + 3_600_000 * 2, userId: bob }
  return {
    'search of one letter': [4_000, () => find('p')],
    'search of another letter': [4_000, () => find('a', 'p090000')],
    'search of a name that a third has': [4_000, () => find('person')],
    // Parts of names are found by their n-grams, whose lists are read whole.
    'search of a name that many have, from the end': [8_000, () => find('person 1', 'p099000')],
    'search of who is nobody': [100, () => find('zzz')],
    'search of who is nobody, in parts that many have': [200, () => find('personzzz')],
    'readers of an old message of a pair': [100, () => readBy(pair, 1)],
    'readers of a new message of a pair': [100, () => readBy(pair, receiptsOfPair)],
    'readers of an old message of a group': [6_000, () => readBy(group, 5)],
    'readers of a new message of a group': [6_000, () => readBy(group, messagesOfGroup - 9)],
    'the last readers in a group': [6_000, () => readBy(group, 5, long)],
    'how far all others have got': [
      25_000,
      () => messages.othersProgress([{ conversationId: group, seq: messagesOfGroup - 9, senderId: ann }]),
    ],
    'who is furthest behind in a group': [25_000, () => members.leastStandings([group])],
    'who has muted a group': [100, () => members.mutings([{ conversationId: group, userId: ann }])],
    'a page of members': [1_000, () => store.members([{ conversationId: group, after: null, limit: 101 }])],
    'the newest messages': [1_000, () => page(pair, true)],
    'old messages': [1_000, () => page(pair, false, 50_000)],
    'an inbox': [
      1_000,
      () =>
        conversations.inbox({ viewerId: ann, filter: 'ACTIVE', after: null, before: null, backward: false, limit: 51 }),
    ],
    'unread conversations': [1_000, () => conversations.inboxCounts(ann)],
    entries: [100, () => conversations.entries([{ viewerId: ann, conversationId: group }])],
    memberships: [100, () => conversations.memberships([{ viewerId: ann, named: new Map() }])],
    'what two share': [200, () => presence.relations([{ viewerId: ann, userId: bob }])],
    'joins since long ago': [100, () => events.joinsAfter(ann, 0)],
    'a write by its key': [100, () => events.findByOpKey(ann, randomUUID())],
    'a credential': [100, () => createSessionStore(db).credential('p000001')],
  }
}

test('what a client can ask for touches few pages, however large the tables are', async () => {
  const costs: Record<string, number> = {}
  const tooMuch: string[] = []
  for (const [name, [most, work]] of Object.entries(reads())) {
    costs[name] = await pagesOf(work)
    if (costs[name] > most) tooMuch.push(`${name}: ${costs[name]}, not ${most}`)
  }
  expect(tooMuch).toEqual([])
})
