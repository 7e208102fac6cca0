import type { Database } from './database/database.ts'
import type { LogPosition } from './webhook-log.ts'
import type { WebhookLease } from './webhook-endpoints.ts'

export type WebhookDeliveryState = 'PENDING' | 'RETRYING' | 'FAILED' | 'DELIVERED'

export interface WebhookDelivery {
  id: string
  endpointId: string
  /** Null for a test. */
  conversationId: string | null
  eventSeq: number | null
  type: string
  state: WebhookDeliveryState
  attempts: number
  createdAt: Date
  lastAttemptAt: Date | null
  nextAttemptAt: Date | null
  responseStatus: number | null
  error: string | null
  durationMs: number | null
  isSingle: boolean
}

/** A conversation whose events wait for one of them to be delivered. */
export interface WebhookHold {
  conversationId: string
  nextSeq: number
  upToSeq: number
  occurredAtMs: number
  attempts: number
  firstAttemptAtMs: number | null
  nextAttemptAtMs: number
}

/** What became of one or more attempts. */
export interface Attempted {
  id: string
  conversationId: string | null
  eventSeq: number | null
  type: string
  state: WebhookDeliveryState
  attempts: number
  lastAttemptAtMs: number
  nextAttemptAtMs: number | null
  responseStatus: number | null
  error: string | null
  durationMs: number
}

export interface Settlement {
  /** Where the endpoint is in the log from now on; null leaves it. */
  position: LogPosition | null
  /** What occurred before was taken, by the database's clock; null when that is as far as before. */
  takenUntilMs: number | null
  attempted: readonly Attempted[]
  holds: readonly WebhookHold[]
  /** Conversations that wait no more. */
  freed: readonly string[]
  /** How the newest of the attempts went; null when there was none. */
  outcome: 'SUCCEEDED' | 'FAILED' | null
}

export interface DeliveriesRequest {
  endpointId: string
  state: WebhookDeliveryState | null
  type: string | null
  conversationId: string | null
  /** Only those before. */
  after: { createdAtMs: number; id: string } | null
  limit: number
}

/** Deliveries and what waits. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface WebhookDeliveryStore {
  holds(endpointId: string): Promise<WebhookHold[]>
  /** All of it or nothing: null when the lease is over. Else for how long every attempt has failed. */
  settle(lease: WebhookLease, settlement: Settlement): Promise<{ failingMs: number } | null>
  /** Deliveries that are due and are attempted by themselves. */
  singles(endpointId: string, limit: number): Promise<WebhookDelivery[]>
  /** Newest first. */
  list(request: DeliveriesRequest): Promise<WebhookDelivery[]>
  find(id: string): Promise<WebhookDelivery | null>
  /** A delivery that is attempted by itself, as soon as may be. */
  addTest(id: string, endpointId: string, type: string): Promise<boolean>
  /** Again, by itself; what a conversation waits for is attempted at once. */
  repeat(id: string): Promise<void>
  /** Removes some of an endpoint. Answers how many. */
  removeOf(endpointId: string, limit: number): Promise<number>
  /** Removes some that were made before: those that were delivered, and the others. Answers how many. */
  forget(deliveredBeforeMs: number, othersBeforeMs: number, limit: number): Promise<number>
}

const columns = `d.id, d.endpoint_id AS "endpointId", d.conversation_id AS "conversationId", d.event_seq AS "eventSeq", d.type, d.state::text AS state,
  d.attempts, d.created_at AS "createdAt", d.last_attempt_at AS "lastAttemptAt", d.next_attempt_at AS "nextAttemptAt",
  d.response_status AS "responseStatus", d.error, d.duration_ms AS "durationMs", d.is_single AS "isSingle"`

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`
const time = (value: string) => `to_timestamp(${value} / 1000.0)`

const readHolds = {
  name: 'read_webhook_holds',
  text: `SELECT conversation_id AS "conversationId", next_seq AS "nextSeq", up_to_seq AS "upToSeq", ${ms('occurred_at')} AS "occurredAtMs", attempts,
      ${ms('first_attempt_at')} AS "firstAttemptAtMs", ${ms('next_attempt_at')} AS "nextAttemptAtMs"
    FROM webhook_holds WHERE endpoint_id = $1`,
}

// The endpoint's row first: who has lost the lease changes nothing.
const settle = {
  name: 'settle_webhook',
  text: `WITH mine AS (
      UPDATE webhook_endpoints SET seen_xid = coalesce($3::bigint, seen_xid), running = coalesce($4::bigint[], running),
          taken_until = greatest(taken_until, to_timestamp($5::float8 / 1000.0)),
          failing_since = CASE $6 WHEN 'SUCCEEDED' THEN NULL WHEN 'FAILED' THEN coalesce(failing_since, now()) ELSE failing_since END
       WHERE id = $1 AND lease_epoch = $2 AND state = 'ACTIVE' RETURNING failing_since),
    attempted AS (
      INSERT INTO webhook_deliveries AS d (id, endpoint_id, conversation_id, event_seq, type, state, attempts, created_at, last_attempt_at,
        next_attempt_at, response_status, error, duration_ms)
      SELECT a."id", $1, a."conversationId", a."eventSeq", a."type", a."state"::webhook_delivery_state, a."attempts",
        ${time('a."lastAttemptAtMs"')}, ${time('a."lastAttemptAtMs"')}, ${time('a."nextAttemptAtMs"')}, a."responseStatus", a."error", a."durationMs"
      FROM jsonb_to_recordset($7::jsonb) AS a("id" text, "conversationId" uuid, "eventSeq" int, "type" text, "state" text, "attempts" int,
        "lastAttemptAtMs" float8, "nextAttemptAtMs" float8, "responseStatus" int, "error" text, "durationMs" int)
      WHERE EXISTS (SELECT FROM mine)
      ON CONFLICT (id) DO UPDATE SET state = excluded.state, attempts = d.attempts + excluded.attempts, last_attempt_at = excluded.last_attempt_at,
        next_attempt_at = excluded.next_attempt_at, response_status = excluded.response_status, error = excluded.error,
        duration_ms = excluded.duration_ms),
    held AS (
      INSERT INTO webhook_holds (endpoint_id, conversation_id, next_seq, up_to_seq, occurred_at, attempts, first_attempt_at, next_attempt_at)
      SELECT $1, h."conversationId", h."nextSeq", h."upToSeq", ${time('h."occurredAtMs"')}, h."attempts", ${time('h."firstAttemptAtMs"')},
        ${time('h."nextAttemptAtMs"')}
      FROM jsonb_to_recordset($8::jsonb) AS h("conversationId" uuid, "nextSeq" int, "upToSeq" int, "occurredAtMs" float8, "attempts" int,
        "firstAttemptAtMs" float8, "nextAttemptAtMs" float8)
      WHERE EXISTS (SELECT FROM mine)
      ON CONFLICT (endpoint_id, conversation_id) DO UPDATE SET next_seq = excluded.next_seq, up_to_seq = excluded.up_to_seq,
        occurred_at = excluded.occurred_at, attempts = excluded.attempts, first_attempt_at = excluded.first_attempt_at,
        next_attempt_at = excluded.next_attempt_at),
    freed AS (
      DELETE FROM webhook_holds WHERE endpoint_id = $1 AND conversation_id = ANY ($9::uuid[]) AND EXISTS (SELECT FROM mine))
    SELECT coalesce(extract(epoch FROM now() - failing_since) * 1000, 0)::float8 AS "failingMs" FROM mine`,
}

const readSingles = {
  name: 'read_webhook_singles',
  text: `SELECT ${columns} FROM webhook_deliveries d WHERE endpoint_id = $1 AND is_single AND next_attempt_at IS NOT NULL AND next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT $2`,
}

const readList = {
  name: 'read_webhook_deliveries',
  text: `SELECT ${columns} FROM webhook_deliveries d WHERE endpoint_id = $1
      AND ($2::text IS NULL OR state = $2::webhook_delivery_state) AND ($3::text IS NULL OR type = $3)
      AND ($4::uuid IS NULL OR conversation_id = $4)
      AND ($5::timestamptz IS NULL OR (created_at, id) < ($5::timestamptz, $6::text))
    ORDER BY created_at DESC, id DESC LIMIT $7`,
}

const readOne = { name: 'read_webhook_delivery', text: `SELECT ${columns} FROM webhook_deliveries d WHERE id = $1` }

const addTest = {
  name: 'add_webhook_test',
  text: `INSERT INTO webhook_deliveries (id, endpoint_id, type, state, attempts, created_at, next_attempt_at, is_single)
    SELECT $1, id, $3, 'PENDING', 0, now(), now(), true FROM webhook_endpoints WHERE id = $2 ON CONFLICT (id) DO NOTHING RETURNING id`,
}

// One that a conversation waits for is attempted with it.
const repeat = {
  name: 'repeat_webhook_delivery',
  text: `WITH given AS (
      UPDATE webhook_deliveries SET state = 'PENDING', next_attempt_at = now(), is_single = true
       WHERE id = $1 AND (is_single OR state IN ('DELIVERED', 'FAILED')) RETURNING id),
    hurried AS (
      UPDATE webhook_holds h SET next_attempt_at = now() FROM webhook_deliveries d
       WHERE d.id = $1 AND NOT EXISTS (SELECT FROM given) AND h.endpoint_id = d.endpoint_id AND h.conversation_id = d.conversation_id RETURNING h.endpoint_id)
    UPDATE webhook_endpoints SET lease_epoch = lease_epoch + 1, lease_until = now() WHERE id IN (SELECT endpoint_id FROM hurried)`,
}

const forget = {
  name: 'forget_webhook_deliveries',
  text: `WITH gone AS (DELETE FROM webhook_deliveries WHERE id IN (
      SELECT d.id FROM webhook_endpoints e CROSS JOIN LATERAL (
        SELECT id, state FROM webhook_deliveries WHERE endpoint_id = e.id AND (created_at < $2 OR created_at < $1 AND state = 'DELIVERED')
         ORDER BY created_at LIMIT $3) d) RETURNING id)
    SELECT count(*)::int AS count FROM gone`,
}

const removeOf = {
  name: 'remove_webhook_deliveries',
  text: `WITH gone AS (DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 LIMIT $2) RETURNING id)
    SELECT count(*)::int AS count FROM gone`,
}

type Row<Shape> = Shape & Record<string, unknown>

export function createWebhookDeliveryStore(db: Database): WebhookDeliveryStore {
  return {
    holds: (endpointId) => db.run<Row<WebhookHold>>(readHolds, [endpointId]),
    async settle({ endpointId, epoch }, { position, takenUntilMs, attempted, holds, freed, outcome }) {
      const [row] = await db.run<{ failingMs: number }>(settle, [
        ...[endpointId, epoch, position?.seenXid ?? null, position?.running ?? null, takenUntilMs, outcome],
        ...[JSON.stringify(attempted), JSON.stringify(holds), [...freed]],
      ])
      return row ?? null
    },
    singles: (endpointId, limit) => db.run<Row<WebhookDelivery>>(readSingles, [endpointId, limit]),
    list: ({ endpointId, state, type, conversationId, after, limit }) =>
      db.run<Row<WebhookDelivery>>(readList, [
        ...[endpointId, state, type, conversationId],
        ...[after && new Date(after.createdAtMs), after?.id ?? null, limit],
      ]),
    find: async (id) => (await db.run<Row<WebhookDelivery>>(readOne, [id]))[0] ?? null,
    addTest: async (id, endpointId, type) => (await db.run(addTest, [id, endpointId, type])).length > 0,
    async repeat(id) {
      await db.run(repeat, [id])
    },
    removeOf: async (endpointId, limit) =>
      (await db.run<{ count: number }>(removeOf, [endpointId, limit]))[0]?.count ?? 0,
    forget: async (deliveredBeforeMs, othersBeforeMs, limit) => {
      const values = [new Date(deliveredBeforeMs), new Date(othersBeforeMs), limit]
      return (await db.run<{ count: number }>(forget, values))[0]?.count ?? 0
    },
  }
}
