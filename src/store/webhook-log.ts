import { arrayParameter, tableOfParameters, type Database } from './database/database.ts'
import { eventColumns, joinMessage, toEvent, type EventRow } from './events.ts'
import type { LogEvent } from './log-event.ts'
import type { Conversation } from './rows.ts'

/** A position in the whole log: transactions below, but for those that had not ended. */
export interface LogPosition {
  seenXid: string
  running: string[]
}

export interface WebhookEvent {
  kind: Conversation['kind']
  title: string | null
  event: LogEvent
}

/** What an endpoint is to get of the log. */
export interface WebhookFilter {
  types: string[]
  kinds: string[]
}

/** What was committed since a position, and the position behind it. */
export interface LogReading {
  next: LogPosition
  /** Whether the log has no more than this. */
  isAll: boolean
  /** By the database's clock. */
  takenAtMs: number
  /** For each conversation in their order, each with its transaction. */
  events: (WebhookEvent & { xid: bigint })[]
  /** Epochs of the leases of all endpoints as of then. */
  epochs: ReadonlyMap<string, number>
}

export interface HeldRange {
  conversationId: string
  fromSeq: number
  upToSeq: number
}

/** What is new for any endpoint, in one look. */
export interface WebhookNews {
  /** Transaction of the newest event; 0 in an empty log. */
  newestXid: bigint
  /** Endpoints with deliveries that are due and are attempted by themselves. */
  singlesOf: string[]
}

/** Reads of the log for webhooks. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface WebhookLog {
  news(): Promise<WebhookNews>
  /** Up to about `limit` events after the position. */
  read(position: LogPosition, filter: WebhookFilter, limit: number): Promise<LogReading>
  /** Of each range the first events, `limit` at the most. */
  held(ranges: readonly HeldRange[], filter: WebhookFilter, limit: number): Promise<WebhookEvent[]>
  /** Who is in a conversation now, up to `limit` of them. */
  memberIds(conversationIds: readonly string[], limit: number): Promise<Map<string, string[]>>
}

const readNews = {
  name: 'read_webhook_news',
  text: `SELECT coalesce((SELECT xid FROM events ORDER BY xid DESC LIMIT 1)::text, '0') AS "newestXid",
    ARRAY(SELECT DISTINCT endpoint_id::text FROM webhook_deliveries
      WHERE is_single AND next_attempt_at IS NOT NULL AND next_attempt_at <= now()) AS "singlesOf"`,
}

// As the search takes them (search.ts): transactions at or above seen_xid, and those below it that had not ended then, up to one with
// about as many events before it as are wanted. A stream's events have ascending numbers, but not ascending transactions: where
// an event is in and the one before it is not, `behind` has the transaction that has to be in too.
const readDue = {
  name: 'read_due_for_webhook',
  text: `WITH clock AS MATERIALIZED (SELECT pg_snapshot_xmax(s)::text::bigint + o AS xmax,
        ARRAY(SELECT x::text::bigint + o FROM pg_snapshot_xip(s) AS x) AS running
      FROM (SELECT pg_current_snapshot() AS s, parley_xid_offset() AS o) AS now),
    bound AS MATERIALIZED (SELECT coalesce($4::bigint, (
      SELECT xid::text::bigint FROM events WHERE xid >= $1::text::xid8 ORDER BY xid OFFSET $3 LIMIT 1), xmax) AS xid FROM clock),
    due AS MATERIALIZED (
      SELECT * FROM events WHERE xid >= $1::text::xid8 AND xid < (SELECT xid::text::xid8 FROM bound)
      UNION ALL
      SELECT * FROM events WHERE xid = ANY (${arrayParameter('text', 2)}::xid8[])),
    behind AS (
      SELECT max(before.xid::text::bigint) AS xid
        FROM (SELECT stream_id, seq, lag(seq) OVER (PARTITION BY stream_id ORDER BY seq) AS seq_before FROM due) d
        JOIN events before ON before.stream_id = d.stream_id AND before.seq = d.seq - 1
       WHERE d.seq_before IS DISTINCT FROM d.seq - 1 AND before.xid >= (SELECT xid::text::xid8 FROM bound))
    SELECT (extract(epoch FROM now()) * 1000)::float8 AS "takenAtMs", b.xid::text AS "nextXid", b.xid >= clock.xmax AS "isAll", behind.xid::text AS "behindXid",
      ARRAY(SELECT r::text FROM unnest(clock.running) AS r WHERE r < b.xid) AS "nextRunning",
      (SELECT jsonb_object_agg(id, lease_epoch) FROM webhook_endpoints) AS epochs, wanted.*
    FROM clock CROSS JOIN bound b CROSS JOIN behind
    LEFT JOIN (SELECT c.kind::text, c.title, e.xid::text, 0 AS "historyBound", ${eventColumns} FROM due e JOIN conversations c ON c.id = e.stream_id ${joinMessage}
      WHERE e.type::text = ANY (${arrayParameter('text', 5)}) AND c.kind::text = ANY (${arrayParameter('text', 6)})) AS wanted ON true
    ORDER BY wanted."streamId", wanted.seq`,
}

const readHeld = {
  name: 'read_held_for_webhook',
  text: `SELECT held.* FROM ${tableOfParameters('uuid', 'int', 'int')} AS r(stream_id, from_seq, up_to_seq)
    CROSS JOIN LATERAL (SELECT c.kind::text, c.title, 0 AS "historyBound", ${eventColumns}
      FROM events e JOIN conversations c ON c.id = e.stream_id ${joinMessage}
      WHERE e.stream_id = r.stream_id AND e.seq BETWEEN r.from_seq AND r.up_to_seq
        AND e.type::text = ANY (${arrayParameter('text', 4)}) AND c.kind::text = ANY (${arrayParameter('text', 5)})
      ORDER BY e.seq LIMIT $6) AS held ORDER BY held."streamId", held.seq`,
}

const readMemberIds = {
  name: 'read_member_ids',
  text: `SELECT t.id, ARRAY(SELECT m.user_id::text FROM members m WHERE m.conversation_id = t.id AND m.left_at IS NULL
    ORDER BY m.user_id LIMIT $2) AS "userIds" FROM ${tableOfParameters('uuid')} AS t(id)`,
}

type WebhookEventRow = EventRow & { kind: Conversation['kind']; title: string | null }

interface DueRow extends WebhookEventRow {
  xid: string
  epochs: Record<string, number> | null
  nextXid: string
  nextRunning: string[]
  isAll: boolean
  takenAtMs: number
  behindXid: string | null
}

const toWebhookEvent = (row: WebhookEventRow): WebhookEvent => ({
  kind: row.kind,
  title: row.title,
  event: toEvent(row),
})

export function createWebhookLog(db: Database): WebhookLog {
  return {
    async news() {
      const [row] = await db.run<{ newestXid: string; singlesOf: string[] }>(readNews, [])
      return { newestXid: BigInt(row?.newestXid ?? 0), singlesOf: row?.singlesOf ?? [] }
    },
    async read({ seenXid, running }, { types, kinds }, limit) {
      for (let bound: string | null = null; ;) {
        const rows: DueRow[] = await db.run<DueRow>(readDue, [seenXid, running, limit, bound, types, kinds])
        const [first] = rows
        if (!first) throw new Error('a reading of the log has one row at least')
        // Each time there is more in it, and at last everything, of which every stream's events have those before them.
        if (first.behindXid !== null) {
          bound = String(BigInt(first.behindXid) + 1n)
          continue
        }
        const next = { seenXid: first.nextXid, running: first.nextRunning }
        // Without events there is one row of nulls.
        const events = rows.flatMap((row) =>
          (row.streamId as string | null) === null ? [] : [{ ...toWebhookEvent(row), xid: BigInt(row.xid) }],
        )
        const epochs = new Map(Object.entries(first.epochs ?? {}))
        return { next, isAll: first.isAll, takenAtMs: first.takenAtMs, events, epochs }
      }
    },
    async held(ranges, filter, limit) {
      const rows = await db.run<WebhookEventRow>(readHeld, [
        ranges.map(({ conversationId }) => conversationId),
        ranges.map(({ fromSeq }) => fromSeq),
        ranges.map(({ upToSeq }) => upToSeq),
        filter.types,
        filter.kinds,
        limit,
      ])
      return rows.map(toWebhookEvent)
    },
    async memberIds(conversationIds, limit) {
      const rows = await db.run<{ id: string; userIds: string[] }>(readMemberIds, [conversationIds, limit])
      return new Map(rows.map(({ id, userIds }) => [id, userIds]))
    },
  }
}
