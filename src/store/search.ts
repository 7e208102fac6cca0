import { tableOfParameters, type Database } from './database/database.ts'

/** The place of a message among all of somebody: by time, and what is of the same time by its key. */
export interface SearchPlace {
  atMs: number
  conversationId: string
  seq: number
}

export interface SearchRequest {
  viewerId: string
  /** Who sees support conversations without being a member. */
  isStaff: boolean
  conversationId: string | null
  /** Queries as PostgreSQL's, with the place of the tag in them. */
  match: string
  plain: string
  whole: string
  /** What every match has of whole words, and the beginnings of words that stand beside it; null where there are not both. */
  exact: string | null
  prefix: string | null
  fromMs: number | null
  /** Only what was sent before. */
  toMs: number | null
  /** Only what is before this place, and down to that one. */
  below: SearchPlace | null
  downTo: SearchPlace | null
  wanted: number
}

export interface SearchHit extends SearchPlace {
  /** Null when the message has changed since its words were stored. */
  revision: number | null
  rank: number
}

/** How far the log is in the index, and what is to be done next. */
export interface IndexPosition {
  version: number
  seenXid: string
  running: string[]
  rule: number
  backfillId: string | null
  backfillSeq: number
  /** For how long its times have not moved. */
  idleMs: number
}

export interface MessageToIndex {
  conversationId: string
  seq: number
  revision: number
  senderId: string
  text: string | null
  isDeleted: boolean
  /** Of its attachments, in their order. */
  fileNames: string[]
}

/** What was written since a position, and the position behind it. */
export interface DueMessages {
  position: IndexPosition
  next: IndexPosition
  /** Whether the log has no more than this. */
  isAll: boolean
  messages: MessageToIndex[]
}

export interface IndexedMessage extends MessageToIndex {
  /** As PostgreSQL's tsvector. */
  words: string
}

/** The index of messages' words. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface SearchStore {
  /** The newest that match, in no order. */
  find(request: SearchRequest, payer: string): Promise<SearchHit[]>
  /** Messages of up to about `limit` events after the position. */
  due(limit: number): Promise<DueMessages>
  /** The next messages in the order of their keys, for the backfill. */
  following(position: IndexPosition, limit: number): Promise<MessageToIndex[]>
  /**
   * Stores words and moves the position, both or none: false when another process has moved it meanwhile. Only what is still
   * as it was read is stored.
   */
  store(from: IndexPosition, to: IndexPosition, messages: readonly IndexedMessage[], isAll: boolean): Promise<boolean>
}

const findMessages = {
  name: 'read_found_messages',
  text: `SELECT conversation_id AS "conversationId", seq, (extract(epoch FROM created_at) * 1000)::float8 AS "atMs", revision, rank
    FROM parley_search_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
}

/** Before and after all times. */
const never = '-infinity'
const always = 'infinity'
const firstId = '00000000-0000-0000-0000-000000000000'
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const maxSeq = 2_147_483_647

const timeOf = (ms: number | null, otherwise: string) => (ms === null ? otherwise : new Date(ms).toISOString())

const fileNames = `ARRAY(SELECT a.file_name FROM attachments a WHERE m.attachment_count > 0 AND a.conversation_id = m.conversation_id
      AND a.message_seq = m.seq ORDER BY a.place) AS "fileNames"`

// What was committed since: transactions at or above seen_xid, and those below it that had not ended then. Up to a transaction
// with about as many events before it as are wanted.
const readDue = {
  name: 'read_due_for_search',
  text: `WITH place AS MATERIALIZED (SELECT * FROM search_position),
    clock AS MATERIALIZED (SELECT pg_snapshot_xmax(s)::text::bigint + o AS xmax,
        ARRAY(SELECT x::text::bigint + o FROM pg_snapshot_xip(s) AS x) AS running
      FROM (SELECT pg_current_snapshot() AS s, parley_xid_offset() AS o) AS now),
    bound AS MATERIALIZED (SELECT coalesce((
      SELECT xid::text::bigint FROM events WHERE xid >= (SELECT seen_xid::text::xid8 FROM place) ORDER BY xid OFFSET $1 LIMIT 1), xmax) AS xid
      FROM clock),
    touched AS (
      SELECT stream_id, message_seq FROM events
       WHERE xid >= (SELECT seen_xid::text::xid8 FROM place) AND xid < (SELECT xid::text::xid8 FROM bound) AND message_seq IS NOT NULL
      UNION
      SELECT stream_id, message_seq FROM events
       WHERE xid = ANY (ARRAY(SELECT r::text::xid8 FROM place, unnest(place.running) AS r)) AND message_seq IS NOT NULL)
    SELECT p.version, p.seen_xid::text AS "seenXid", p.running::text[] AS running, p.rule, p.backfill_id AS "backfillId",
      p.backfill_seq AS "backfillSeq", (extract(epoch FROM now() - p.indexed_until) * 1000)::float8 AS "idleMs",
      b.xid::text AS "nextXid", b.xid = c.xmax AS "isAll", ARRAY(SELECT r::text FROM unnest(c.running) AS r WHERE r < b.xid) AS "nextRunning",
      m.conversation_id AS "conversationId", m.seq, m.revision, m.sender_id AS "senderId", m.text,
      m.deleted_at IS NOT NULL AS "isDeleted", ${fileNames}
    FROM place p CROSS JOIN clock c CROSS JOIN bound b
    LEFT JOIN (touched t JOIN messages m ON m.conversation_id = t.stream_id AND m.seq = t.message_seq) ON true`,
}

const readFollowing = {
  name: 'read_following_for_search',
  text: `SELECT m.conversation_id AS "conversationId", m.seq, m.revision, m.sender_id AS "senderId", m.text, false AS "isDeleted", ${fileNames}
    FROM messages m WHERE (m.conversation_id, m.seq) > ($1::uuid, $2::int) ORDER BY m.conversation_id, m.seq LIMIT $3`,
}

// The position first: who finds it moved has nothing to do. The messages' rows are locked, so that an edit or a deletion comes either
// before, and its message is passed over, or after, and then it finds the words that it has to remove.
const storeWords = {
  name: 'store_search_words',
  text: `WITH place AS (
      UPDATE search_position SET version = version + 1, seen_xid = $7, running = $8::bigint[], rule = $9, backfill_id = $10,
          backfill_seq = $11, indexed_until = CASE WHEN $12 THEN now() - interval '1 minute' ELSE indexed_until END
       WHERE version = $6 RETURNING version),
    given AS MATERIALIZED (
      SELECT n.* FROM ${tableOfParameters('uuid', 'int', 'int', 'text', 'boolean')} AS n(conversation_id, seq, revision, words, is_gone)
       WHERE EXISTS (SELECT FROM place)),
    present AS MATERIALIZED (
      SELECT m.conversation_id, m.created_at, m.seq, m.revision, g.words FROM given g JOIN messages m USING (conversation_id, seq)
       WHERE NOT g.is_gone AND m.revision = g.revision AND m.deleted_at IS NULL
       ORDER BY m.conversation_id, m.seq FOR SHARE OF m),
    gone AS (
      DELETE FROM message_search s USING given g JOIN messages m USING (conversation_id, seq)
       WHERE g.is_gone AND s.conversation_id = m.conversation_id AND s.created_at = m.created_at AND s.seq = m.seq),
    written AS (
      INSERT INTO message_search AS s (conversation_id, created_at, seq, revision, words)
      SELECT conversation_id, created_at, seq, revision, words::tsvector FROM present
      ON CONFLICT (conversation_id, created_at, seq) DO UPDATE SET revision = excluded.revision, words = excluded.words
       WHERE (s.revision, s.words) IS DISTINCT FROM (excluded.revision, excluded.words))
    SELECT version FROM place`,
}

interface DueRow {
  version: number
  seenXid: string
  running: string[] | null
  rule: number
  backfillId: string | null
  backfillSeq: number
  idleMs: number
  nextXid: string
  nextRunning: string[]
  isAll: boolean
  conversationId: string | null
  seq: number
  revision: number
  senderId: string
  text: string | null
  isDeleted: boolean
  fileNames: string[]
}

export function createSearchStore(db: Database): SearchStore {
  return {
    find(request, payer) {
      const {
        viewerId,
        isStaff,
        conversationId,
        match,
        plain,
        whole,
        fromMs,
        toMs,
        below,
        downTo,
        wanted,
        exact,
        prefix,
      } = request
      const values = [
        ...[
          viewerId,
          isStaff,
          conversationId,
          match,
          plain,
          whole,
          timeOf(fromMs, never),
          timeOf(toMs === null ? null : toMs - 1, always),
        ],
        ...[timeOf(below?.atMs ?? null, always), below?.conversationId ?? lastId, below?.seq ?? maxSeq],
        ...[timeOf(downTo?.atMs ?? null, never), downTo?.conversationId ?? firstId, downTo?.seq ?? 0, wanted],
        ...[exact, prefix],
      ]
      return db.run<SearchHit & Record<string, unknown>>(findMessages, values, payer)
    },
    async due(limit) {
      const rows = await db.run<DueRow & Record<string, unknown>>(readDue, [limit])
      const [first] = rows
      if (!first) throw new Error('the position of the search is gone')
      const { version, seenXid, running, rule, backfillId, backfillSeq, idleMs, nextXid, nextRunning, isAll } = first
      const position = { version, seenXid, running: running ?? [], rule, backfillId, backfillSeq, idleMs }
      const next = { ...position, seenXid: nextXid, running: nextRunning }
      const messages = rows.flatMap(({ conversationId, seq, revision, senderId, text, isDeleted, fileNames }) =>
        conversationId === null ? [] : [{ conversationId, seq, revision, senderId, text, isDeleted, fileNames }],
      )
      return { position, next, isAll, messages }
    },
    following: ({ backfillId, backfillSeq }, limit) =>
      db.run<MessageToIndex & Record<string, unknown>>(readFollowing, [backfillId, backfillSeq, limit]),
    async store(from, to, messages, isAll) {
      const rows = await db.run(storeWords, [
        messages.map(({ conversationId }) => conversationId),
        messages.map(({ seq }) => seq),
        messages.map(({ revision }) => revision),
        messages.map(({ words }) => words),
        messages.map(({ isDeleted }) => isDeleted),
        from.version,
        to.seenXid,
        to.running,
        to.rule,
        to.backfillId,
        to.backfillSeq,
        isAll,
      ])
      return rows.length > 0
    },
  }
}
