/** A world for measuring the search: SQL that fills a migrated database with it. No foreign keys are checked: they are right. */

/** An id that says what it is of. The last letters, by which the index tells conversations apart, are mixed well. */
const idOf = (kind: string, n: string) =>
  `('${kind}0000000-0000-4000-8000-' || lpad(to_hex((${n}) * 7919::bigint % 281474976710655), 12, '0'))::uuid`

export const viewerId = 'a0000000-0000-4000-8000-000000000001'

/** Words of a message; how many different ones there are. The n-th is used 1/n as often as the first. */
const wordsPerMessage = 8
const vocabulary = 50_000

/**
 * `messages` in conversations of very different sizes, the viewer in `talks` of them: a fifth of those are the largest ones.
 * One message every ten seconds, so that all conversations have been active of late.
 */
export function searchWorld(messages: number, conversations: number, talks: number): string[] {
  const largest = Math.round(talks / 5)
  const every = Math.max(1, Math.floor((conversations - largest) / (talks - largest)))
  const word = `'word' || floor(power(${vocabulary}, random()))::int`
  const step = 250_000
  const fill = Array.from(
    { length: Math.ceil(messages / step) },
    (_, part) => `INSERT INTO drawn
    SELECT n, floor(${conversations} * power(random(), 2))::int + 1, ARRAY(SELECT ${word} FROM generate_series(1, ${wordsPerMessage}) WHERE n IS NOT NULL)
      FROM generate_series(${part * step + 1}, ${Math.min(messages, (part + 1) * step)}) AS n`,
  )
  return [
    'SET session_replication_role = replica',
    'SET synchronous_commit = off',
    'DROP INDEX message_search_words',
    `INSERT INTO users (id, handle, display_name, search_name) SELECT
      ('a0000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'p' || lpad(n::text, 6, '0'), 'Person', 'person' FROM generate_series(1, 1000) AS n`,
    'CREATE UNLOGGED TABLE drawn (n int, c int, words text[])',
    ...fill,
    `INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at)
     SELECT ${idOf('c', 'c')}, row_number() OVER (PARTITION BY c ORDER BY n), ('a0000000-0000-4000-8000-' || lpad(to_hex(1 + n % 1000), 12, '0'))::uuid,
       array_to_string(words, ' '), n::text, now() - (${messages} - n) * interval '10 seconds' FROM drawn ORDER BY n`,
    `INSERT INTO message_search (conversation_id, created_at, seq, revision, words)
     SELECT m.conversation_id, m.created_at, m.seq, 1, (SELECT string_agg('''' || right(m.conversation_id::text, 6) || w || ''':' || place, ' ')
         FROM unnest(d.words) WITH ORDINALITY AS u(w, place))::tsvector
       || ('''' || right(m.conversation_id::text, 6) || '~' || right(m.sender_id::text, 8) || '''')::tsvector
     FROM messages m JOIN drawn d ON d.n = m.client_message_id::int ORDER BY d.n`,
    'CREATE INDEX message_search_words ON message_search USING gin (words) WITH (fastupdate = off)',
    `INSERT INTO conversations (id, kind, title, member_count, head_seq, last_activity_at)
     SELECT conversation_id, 'GROUP', 'A group', 1, max(seq), max(created_at) FROM messages GROUP BY 1`,
    `INSERT INTO members (conversation_id, user_id, joined_at) SELECT c.id, '${viewerId}', now() FROM generate_series(1, ${conversations}) AS n
       JOIN conversations c ON c.id = ${idOf('c', 'n')}
      WHERE n <= ${largest} OR n % ${every} = 0 ORDER BY n LIMIT ${talks}`,
    'DROP TABLE drawn',
    'VACUUM ANALYZE',
  ]
}
