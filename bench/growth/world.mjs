// The data for the curves, made in the database.
import pg from 'pg'
import { kinds, uuidSql } from '../harness/ids.mjs'
import { firstOfPerson, group, heavyUser, longConversation, marker, peer, people, reader, room } from './sizes.mjs'

const user = (number) => uuidSql(kinds.user, number)
const conversation = (number) => uuidSql(kinds.conversation, number)

/** Groups with these numbers, whose head is at `head`. Their events are no longer in the log. */
const groupsSql = (numbers, head) => `
  INSERT INTO conversations (id, kind, title, head_seq, head_event_seq, floor_event_seq, last_activity_at)
  SELECT ${conversation('c')}, 'GROUP', 'Group ' || c, ${head}, ${head}, ${head}, now() - c * interval '1 second'
  FROM ${numbers} AS c`

const membersSql = (pairs) => `
  INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq)
  SELECT ${conversation('c')}, ${user('p')}, read, read, read FROM (${pairs}) AS x(c, p, read)`

const messagesSql = (pairs) => `
  INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at, salt)
  SELECT ${conversation('c')}, s, ${user(String(peer))}, 'Message ' || s || ': shall we meet at the usual place at half past seven?',
    'seed-' || s, '2026-01-01T00:00:00Z'::timestamptz + s * interval '1 second', gen_random_uuid()
  FROM (${pairs}) AS x(c, s)`

export async function seedGrowth(databaseUrl, sizes) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const run = (sql) => client.query(sql)
  // The rows are correct by construction; checking each foreign key would take most of the time.
  await run('SET session_replication_role = replica')
  await run(`INSERT INTO users (id, handle, display_name, search_name)
    SELECT ${user('n')}, 'person_' || n, 'Person ' || n, 'person ' || n FROM generate_series(1, ${String(people)}) AS n`)
  await run(`INSERT INTO sessions (id, user_id, expires_at)
    SELECT ${uuidSql(kinds.session, 'n')}, ${user('n')}, now() + interval '2 days' FROM generate_series(1, ${String(people)}) AS n`)

  await run(groupsSql(`generate_series(${String(room)}, ${String(room)})`, '0'))
  await run(membersSql(`SELECT ${String(room)}, p, 0 FROM generate_series(1, 10000) AS p`))

  for (const [place, size] of sizes.conversations.entries()) {
    const numbers = `generate_series(${String(firstOfPerson(place))}, ${String(firstOfPerson(place) + size - 1)})`
    await run(groupsSql(numbers, '3'))
    // One in ten has something unread.
    await run(
      membersSql(
        `SELECT c, p, CASE WHEN p = ${String(peer)} OR c % 10 > 0 THEN 3 ELSE 1 END
         FROM ${numbers} AS c, unnest(ARRAY[${String(heavyUser(place))}, ${String(peer)}]) AS p`,
      ),
    )
    await run(messagesSql(`SELECT c, s FROM ${numbers} AS c, generate_series(1, 3) AS s`))
  }

  for (const [place, size] of sizes.messages.entries()) {
    const number = longConversation(place)
    await run(groupsSql(`generate_series(${String(number)}, ${String(number)})`, String(size)))
    // The reader has read nothing: all of it is unread.
    await run(
      membersSql(`VALUES (${String(number)}, ${String(peer)}, ${String(size)}), (${String(number)}, ${String(reader)}, 0),
      (${String(number)}, ${String(marker)}, ${String(size)})`),
    )
    await run(messagesSql(`SELECT ${String(number)}, s FROM generate_series(1, ${String(size)}) AS s`))
    // One in a hundred was deleted.
    await run(`UPDATE messages SET text = NULL, salt = NULL, deleted_at = created_at, deleted_by_id = sender_id
      WHERE conversation_id = ${conversation(String(number))} AND seq % 100 = 0`)
  }

  for (const [place, size] of sizes.members.entries()) {
    const number = group(place)
    await run(groupsSql(`generate_series(${String(number)}, ${String(number)})`, '100'))
    await run(
      membersSql(`VALUES (${String(number)}, ${String(peer)}, 100), (${String(number)}, ${String(reader)}, 50)
        UNION ALL SELECT ${String(number)}, p, 100 FROM generate_series(1, ${String(size - 2)}) AS p`),
    )
    await run(messagesSql(`SELECT ${String(number)}, s FROM generate_series(1, 100) AS s`))
  }
  await run(`UPDATE conversations c SET member_count = (SELECT count(*) FROM members m WHERE m.conversation_id = c.id)`)
  // As writes through the API do: updates the places in the inboxes.
  await run('SELECT parley_touch_activity(array_agg(id)) FROM conversations')
  await run('VACUUM ANALYZE')
  await run('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
  await client.end()
}
