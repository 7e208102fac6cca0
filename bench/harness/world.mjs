// The people and conversations that every contender finds in its database: the same ones, in Parley's own tables.
import pg from 'pg'
import { conversationUuid, kinds, uuidSql } from './ids.mjs'
import { source } from './services.mjs'

const range = (from, count) => Array.from({ length: count }, (_, index) => from + index)

/** Numbers of people and conversations; ids.mjs makes uuids of them. */
export const world = {
  people: 6100,
  /** One room of 1,000, and one of 5,000. */
  room: { conversation: 1, members: range(1, 1000) },
  largeRoom: { conversation: 2, members: range(1, 5000) },
  /** 100 rooms of 10. */
  rooms: range(0, 100).map((place) => ({ conversation: 1001 + place, members: range(1 + place * 10, 10) })),
  /** 64 writers with 4 groups of 10 each, and one group that all of them write to. */
  writers: range(1, 64).map((writer) => ({
    writer,
    conversations: range(2001 + (writer - 1) * 4, 4),
    others: range(1000 + writer * 10, 9),
  })),
  hot: { conversation: 3000, members: range(1, 64) },
  /** 200 groups of 64 with 100 messages each: 32 members who write, and 32 who read and have different read positions. */
  readers: range(6001, 32),
  readWriters: range(6033, 32),
  readConversations: range(4001, 200),
  messagesEach: 100,
}

export const personName = (person) => `Person ${String(person)}`
export const titleOf = (conversation) => `Group ${String(conversation)}`

// The content of the read conversations, once in JavaScript to check answers, and once in SQL.
export const expected = {
  text: (conversation, seq) =>
    `Message ${String(seq)} of group ${String(conversation)}: shall we meet at the usual place at half past seven?`,
  sender: (conversation, seq) => 6033 + ((conversation + seq) % 32),
  createdAt: (conversation, seq) => new Date(Date.UTC(2026, 0, 1) + (conversation * 1000 + seq) * 1000).toISOString(),
  isDeleted: (conversation, seq) => conversation % 5 === 0 && seq % 37 === 0,
  readSeq: (conversation, reader) => (conversation * 3 + reader * 7) % 101,
}

const groupSql = (conversations, head) => `
  INSERT INTO conversations (id, kind, title, member_count, head_seq, head_event_seq, floor_event_seq, last_activity_at, created_at)
  SELECT ${uuidSql(kinds.conversation, 'c')}, 'GROUP', 'Group ' || c, 0, ${head}, ${head}, ${head},
    '2026-01-01T00:00:00Z'::timestamptz + (c * 1000 + ${head}) * interval '1 second', '2026-01-01T00:00:00Z'
  FROM unnest(${conversations}::int[]) AS c`

/** Fills a database that has the product's empty tables. */
export async function seedWorld(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  // Folded as the server does it: otherwise the server would fold them during the measurement.
  const { foldRule } = await source('src/domain/text/fold.ts')
  await client.query(`
    INSERT INTO users (id, handle, display_name, search_name, search_name_rule)
    SELECT ${uuidSql(kinds.user, 'n')}, 'person_' || n, 'Person ' || n, 'person ' || n, ${String(foldRule)}
    FROM generate_series(1, ${String(world.people)}) AS n;
    INSERT INTO sessions (id, user_id, expires_at)
    SELECT ${uuidSql(kinds.session, 'n')}, ${uuidSql(kinds.user, 'n')}, now() + interval '2 days'
    FROM generate_series(1, ${String(world.people)}) AS n`)

  const groups = [
    world.room,
    world.largeRoom,
    ...world.rooms,
    ...world.writers.flatMap(({ writer, conversations, others }) =>
      conversations.map((conversation) => ({ conversation, members: [writer, ...others] })),
    ),
    world.hot,
  ]
  await client.query(groupSql('$1', '0'), [groups.map(({ conversation }) => conversation)])
  await client.query(groupSql('$1', String(world.messagesEach)), [world.readConversations])

  const members = groups.flatMap(({ conversation, members: people }) => people.map((person) => [conversation, person]))
  await client.query(
    `INSERT INTO members (conversation_id, user_id)
     SELECT ${uuidSql(kinds.conversation, 'c')}, ${uuidSql(kinds.user, 'p')} FROM unnest($1::int[], $2::int[]) AS m(c, p)`,
    [members.map(([conversation]) => conversation), members.map(([, person]) => person)],
  )
  await client.query(
    `INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at, deleted_at, salt)
     SELECT ${uuidSql(kinds.conversation, 'c')}, s, ${uuidSql(kinds.user, '6033 + (c + s) % 32')},
       CASE WHEN NOT gone THEN 'Message ' || s || ' of group ' || c || ': shall we meet at the usual place at half past seven?' END,
       'seed-' || c || '-' || s, at, CASE WHEN gone THEN at END, CASE WHEN NOT gone THEN gen_random_uuid() END
     FROM unnest($1::int[]) AS c, generate_series(1, $2) AS s,
       LATERAL (SELECT c % 5 = 0 AND s % 37 = 0 AS gone,
         '2026-01-01T00:00:00Z'::timestamptz + (c * 1000 + s) * interval '1 second' AS at) AS x`,
    [world.readConversations, world.messagesEach],
  )
  await client.query(
    `INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq)
     SELECT ${uuidSql(kinds.conversation, 'c')}, ${uuidSql(kinds.user, 'p')}, place, place, $4
     FROM unnest($1::int[]) AS c, unnest($2::int[] || $3::int[]) AS p,
       LATERAL (SELECT CASE WHEN p = ANY ($2::int[]) THEN (c * 3 + p * 7) % 101 ELSE $4::int END AS place) AS x`,
    [world.readConversations, world.readers, world.readWriters, world.messagesEach],
  )
  await client.query(`UPDATE conversations c SET member_count =
    (SELECT count(*) FROM members m WHERE m.conversation_id = c.id)`)
  // As writes through the API do: updates the places in the inboxes.
  await client.query('SELECT parley_touch_activity(array_agg(id)) FROM conversations')
  await client.query('VACUUM ANALYZE')
  await client.end()
}

/** Head of a conversation as the database has it, how many messages it has, and how many different seqs. */
export async function storedMessages(query, conversations) {
  const rows = await query(
    `SELECT c.id, c.head_seq AS head, count(m.seq)::int AS messages, count(DISTINCT m.seq)::int AS seqs
     FROM unnest($1::uuid[]) AS wanted JOIN conversations c ON c.id = wanted
     LEFT JOIN messages m ON m.conversation_id = c.id GROUP BY c.id`,
    [conversations.map(conversationUuid)],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  return conversations.map((conversation) => byId.get(conversationUuid(conversation)))
}
