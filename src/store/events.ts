import { arrayParameter, tableOfParameters, type Database } from './database/database.ts'
import { startMark, toLogEvent, type LogEvent } from './log-event.ts'
import { pickMessage, shownMessageColumns, type Message } from './rows.ts'
import { watermarkOf, type Watermark, type WatermarkRow } from './watermark.ts'

export interface EventsRequest {
  streamId: string
  /** Only events with a larger seq. */
  afterSeq: number
  limit: number
}

export interface StreamHead {
  streamId: string
  headEventSeq: number
  headMark: string
}

/** Where the event of a write is in its stream, or was before retention, and the message that it wrote, as it is now. */
export interface WrittenEvent {
  streamId: string
  seq: number
  mark: string
  message: Message | null
}

/** What identifies one event. */
export interface Place {
  streamId: string
  seq: number
  mark: string
}

/** What one look at the log passes to the next. */
export interface Look {
  /** The oldest transaction that was still running. */
  horizon: string
  /** The newest event; null in an empty log. */
  newest: Place | null
}

export interface Moved extends Look {
  heads: { streamId: string; headEventSeq: number }[]
  /** How far the log has got in the snapshot of this look. */
  watermark: Watermark
  /** What time it was for PostgreSQL. */
  timeMs: number
  /**
   * False when the newest event of the last look is gone although retention did not remove it: an older state was restored.
   */
  isSameHistory: boolean
}

/**
 * Reads of the log, and its retention. Every method rejects with UNAVAILABLE when the database does not answer in time.
 * Methods that read events reject with a plain Error (INTERNAL for a client) when an event does not have the shape of its
 * type.
 */
export interface EventStore {
  /**
   * For each request its events, in order. A result ends with the event that brings its texts and receipts to `maxBytes`,
   * so it has at least one event if there is one. One statement for all requests.
   */
  read(requests: readonly EventsRequest[], maxBytes: number): Promise<LogEvent[][]>
  /** Heads of the streams that exist. One statement. */
  heads(streamIds: readonly string[]): Promise<StreamHead[]>
  /**
   * The newest event of every stream that was written to since the last look, and the data that the next look needs. It
   * misses nothing: it compares transaction ids, so no clock and no order of commits can hide an event.
   */
  movedSince(last: Look | null): Promise<Moved>
  /** Whether each event is still in the log with this mark, or was removed by retention. One statement. */
  areThere(places: readonly Place[]): Promise<boolean[]>
  /** Conversations that the viewer joined, by the events of the personal stream after `afterSeq`. */
  joinsAfter(userId: string, afterSeq: number): Promise<{ conversationId: string }[]>
  /**
   * The event of the write that `actorId` made under `opKey`, also if retention has removed it; null when there is none.
   */
  findByOpKey(actorId: string, opKey: string): Promise<WrittenEvent | null>
  /** Removes one batch of events older than `before`, from one stream. Returns how many: 0 when there are none. */
  retire(before: Date, limit: number): Promise<number>
  /** Removes one batch of retired keys older than `before`. Returns how many: 0 when there are none. */
  forgetOpKeys(before: Date, limit: number): Promise<number>
}

export const eventColumns = `e.stream_id AS "streamId", e.seq, e.type::text, e.actor_id AS "actorId", e.data,
  e.occurred_at AS "occurredAt", e.mark, e.mark_before AS "markBefore", ${shownMessageColumns('m', 'c', 'm_')}`
export const joinMessage = 'LEFT JOIN messages m ON m.conversation_id = e.stream_id AND m.seq = e.message_seq'

const readEvents = {
  name: 'read_events',
  // octet_length() gives the size of a text without unpacking it, so rows beyond the limit cost next to nothing. An event
  // may have a thousand receipts: pg_column_size() gives their size on disk, which is a quarter of their size as text.
  text: `SELECT r.place::int, e.*
    FROM ${tableOfParameters('uuid', 'int', 'int')} WITH ORDINALITY AS r(stream_id, after_seq, max_rows, place)
    CROSS JOIN LATERAL (
      SELECT ${eventColumns}, coalesce(c.history_bound_seq, 0) AS "historyBound", sum(coalesce(octet_length(m.text), 0) + 4 * coalesce(pg_column_size(e.data), 0))
          OVER before AS bytes_before
        FROM (SELECT * FROM events WHERE stream_id = r.stream_id AND seq > r.after_seq ORDER BY seq LIMIT r.max_rows) e
        ${joinMessage}
        -- For a personal stream there is none.
        LEFT JOIN conversations c ON c.id = r.stream_id
      WINDOW before AS (ORDER BY e.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) e
    WHERE coalesce(e.bytes_before, 0) < $4
    ORDER BY r.place, e.seq`,
}

const readHeads = {
  name: 'read_heads',
  text: `SELECT id AS "streamId", head_event_seq AS "headEventSeq", head_mark AS "headMark"
      FROM conversations WHERE id = ANY (${arrayParameter('uuid')})
    UNION ALL
    SELECT id, head_event_seq, head_mark FROM users WHERE id = ANY (${arrayParameter('uuid')})`,
}

/** SQL for whether the log has this event, or had it: the newest that was seen is gone only from another history. */
export const isStillThere = (streamId: string, seq: string, mark: string) =>
  `${streamId}::uuid IS NULL OR EXISTS (SELECT FROM events WHERE stream_id = ${streamId} AND seq = ${seq} AND mark = ${mark})
        OR EXISTS (SELECT FROM conversations WHERE id = ${streamId} AND floor_event_seq >= ${seq})
        OR EXISTS (SELECT FROM users WHERE id = ${streamId} AND floor_event_seq >= ${seq})`

/** The largest xid8: no event is newer. */
export const noXidIsNewer = '18446744073709551615'

const readMoved = {
  name: 'read_moved',
  text: `SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + clock.xid_offset)::text AS horizon,
      newest.stream_id AS "newestStreamId", newest.seq AS "newestSeq", newest.mark AS "newestMark", newest.xid::text AS "newestXid",
      pg_current_snapshot()::text AS snapshot, clock.xid_offset::text AS "xidOffset",
      clock.time_ms::float8 AS "timeMs",
      ${isStillThere('$2', '$3', '$4')} AS "isSameHistory",
      moved."streamId", moved."headEventSeq"
    FROM (SELECT parley_xid_offset() AS xid_offset, extract(epoch FROM clock_timestamp()) * 1000 AS time_ms) AS clock
    LEFT JOIN (SELECT stream_id, seq, mark, xid FROM events ORDER BY xid DESC LIMIT 1) AS newest ON true
    LEFT JOIN (
      SELECT stream_id AS "streamId", max(seq) AS "headEventSeq" FROM events WHERE xid >= $1::text::xid8 GROUP BY stream_id
    ) AS moved ON true`,
}

interface MovedRow extends WatermarkRow, Record<string, unknown> {
  horizon: string
  timeMs: number
  newestStreamId: string | null
  newestSeq: number
  isSameHistory: boolean
  streamId: string | null
  headEventSeq: number | null
}

const readPlaces = {
  name: 'read_places',
  text: `SELECT k.place::int, e.seq IS NOT NULL OR coalesce(c.floor_event_seq, u.floor_event_seq) >= k.seq AS "isThere"
    FROM ${tableOfParameters('uuid', 'int', 'text')} WITH ORDINALITY AS k(stream_id, seq, mark, place)
    LEFT JOIN events e ON e.stream_id = k.stream_id AND e.seq = k.seq AND e.mark = k.mark
    LEFT JOIN conversations c ON c.id = k.stream_id
    LEFT JOIN users u ON u.id = k.stream_id`,
}

const readJoins = {
  name: 'read_joins',
  text: `SELECT DISTINCT data->>'conversationId' AS "conversationId"
    FROM events WHERE stream_id = $1 AND seq > $2 AND data ? 'joinedEventSeq'`,
}

const readByOpKey = {
  name: 'read_event_by_op_key',
  goesWithWrites: true,
  text: `SELECT e.stream_id AS "streamId", e.seq, e.mark, ${shownMessageColumns('m', 'c', 'm_')} FROM (
      SELECT stream_id, seq, mark, message_seq FROM events WHERE actor_id = $1 AND op_key = $2
      UNION ALL
      SELECT stream_id, event_seq, mark, message_seq FROM retired_op_keys WHERE actor_id = $1 AND op_key = $2) AS e ${joinMessage}
    LEFT JOIN conversations c ON c.id = e.stream_id`,
}

const retireEvents = { name: 'retire_events', text: 'SELECT parley_retire_events($1, $2) AS count' }
const forgetOpKeys = { name: 'forget_op_keys', text: 'SELECT parley_forget_op_keys($1, $2) AS count' }

export interface EventRow extends Record<string, unknown> {
  streamId: string
  seq: number
  type: string
  actorId: string | null
  data: unknown
  occurredAt: Date
  mark: string
  markBefore: string | null
  historyBound: number
}

export const toEvent = (row: EventRow) => toLogEvent({ ...row, message: pickMessage(row, 'm_') })

export function createEventStore(db: Database): EventStore {
  return {
    async read(requests, maxBytes) {
      const rows = await db.run<EventRow & { place: number }>(readEvents, [
        requests.map((request) => request.streamId),
        requests.map((request) => request.afterSeq),
        requests.map((request) => request.limit),
        maxBytes,
      ])
      const results: LogEvent[][] = requests.map(() => [])
      for (const row of rows) results[row.place - 1]?.push(toEvent(row))
      return results
    },
    heads: (streamIds) => db.run<StreamHead & Record<string, unknown>>(readHeads, [streamIds]),
    async movedSince(last) {
      const rows = await db.run<MovedRow>(readMoved, [
        // The first answer has only the horizon.
        last?.horizon ?? noXidIsNewer,
        last?.newest?.streamId ?? null,
        last?.newest?.seq ?? null,
        last?.newest?.mark ?? null,
      ])
      const [first] = rows
      if (!first) throw new Error('a look at the log answered nothing')
      const { horizon, timeMs, isSameHistory, newestStreamId, newestSeq: seq } = first
      const mark = first.newestMark ?? startMark
      const newest = newestStreamId === null ? null : { streamId: newestStreamId, seq, mark }
      const heads = rows.flatMap(({ streamId, headEventSeq }) =>
        streamId === null || headEventSeq === null ? [] : [{ streamId, headEventSeq }],
      )
      return { horizon, timeMs, newest, watermark: watermarkOf(first), isSameHistory, heads }
    },
    async areThere(places) {
      const rows = await db.run<{ place: number; isThere: boolean | null }>(readPlaces, [
        places.map(({ streamId }) => streamId),
        places.map(({ seq }) => seq),
        places.map(({ mark }) => mark),
      ])
      const there = new Set(rows.filter(({ isThere }) => isThere === true).map(({ place }) => place))
      return places.map((_, index) => there.has(index + 1))
    },
    joinsAfter: (userId, afterSeq) => db.run(readJoins, [userId, afterSeq], userId),
    async findByOpKey(actorId, opKey) {
      const [row] = await db.run<{ streamId: string; seq: number; mark: string }>(
        readByOpKey,
        [actorId, opKey],
        actorId,
      )
      return row ? { streamId: row.streamId, seq: row.seq, mark: row.mark, message: pickMessage(row, 'm_') } : null
    },
    retire: async (before, limit) => (await db.run<{ count: number }>(retireEvents, [before, limit]))[0]?.count ?? 0,
    forgetOpKeys: async (before, limit) =>
      (await db.run<{ count: number }>(forgetOpKeys, [before, limit]))[0]?.count ?? 0,
  }
}
