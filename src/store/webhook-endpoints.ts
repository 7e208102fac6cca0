import type { Database } from './database/database.ts'

export type WebhookEndpointState = 'ACTIVE' | 'PAUSED' | 'DISABLED'

/** What an endpoint is to get, and where. */
export interface WebhookWishes {
  url: string
  /** Types of events and kinds of conversations, as the log calls them. */
  types: string[]
  kinds: string[]
  includesText: boolean
}

export interface WebhookEndpoint extends WebhookWishes {
  id: string
  secret: string
  /** Signs too until then. */
  formerSecret: string | null
  formerSecretUntil: Date | null
  state: WebhookEndpointState
  stateReason: string | null
  createdAt: Date
  failingSince: Date | null
  seenXid: string
  running: string[]
  /** Conversations that wait for one of their events to be delivered. */
  heldCount: number
}

/** The right to send to an endpoint: whoever has a later epoch has taken it. */
export interface WebhookLease {
  endpointId: string
  epoch: number
}

export interface NewWebhookEndpoint extends WebhookWishes {
  id: string
  requestHash: Buffer | null
  secret: string
}

/** Endpoints and who sends to them. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface WebhookEndpointStore {
  /** In the order in which they were made. */
  all(): Promise<WebhookEndpoint[]>
  /** False when there is one with this id already, which stays as it is, or when there are as many as there may be. */
  create(endpoint: NewWebhookEndpoint, maxCount: number): Promise<boolean>
  /** The hash of the request that made it. */
  requestHash(id: string): Promise<Buffer | null>
  /**
   * Each change ends the lease, so that what is sent from then on is by the new row. False when there is none with this id; what
   * is undefined stays as it is.
   */
  update(id: string, wishes: Partial<WebhookWishes>): Promise<boolean>
  setState(id: string, state: WebhookEndpointState, reason: string | null): Promise<boolean>
  /** The secret until now signs too for this long. With a key that was used before nothing changes. */
  rotate(id: string, secret: string, key: string, overlapMs: number): Promise<boolean>
  /** Sets it back in the log, to a position or to the first event that occurred at a time or later. */
  seek(id: string, to: { seenXid: string; running: readonly string[] } | { fromMs: number }): Promise<boolean>
  remove(id: string): Promise<boolean>
  /** Takes those that nobody sends to. */
  acquire(holderId: string, ttlMs: number): Promise<(WebhookEndpoint & { epoch: number })[]>
  /** False when somebody else has taken it, or it is not active any more. */
  renew(lease: WebhookLease, ttlMs: number): Promise<boolean>
  release(lease: WebhookLease): Promise<void>
  /** By who has the lease: false when they have it no more. */
  end(lease: WebhookLease, state: WebhookEndpointState, reason: string): Promise<boolean>
}

const columns = `e.id, e.url, e.types, e.kinds, e.includes_text AS "includesText", e.secret, e.former_secret AS "formerSecret",
  e.former_secret_until AS "formerSecretUntil", e.state::text AS state, e.state_reason AS "stateReason", e.created_at AS "createdAt",
  e.failing_since AS "failingSince", e.seen_xid::text AS "seenXid", e.running::text[] AS running,
  (SELECT count(*)::int FROM webhook_holds h WHERE h.endpoint_id = e.id) AS "heldCount"`

/** Who sends finds out with its next statement, and takes the endpoint anew. */
const ended = 'lease_epoch = lease_epoch + 1, lease_until = now()'

const readEndpoints = {
  name: 'read_webhook_endpoints',
  text: `SELECT ${columns} FROM webhook_endpoints e ORDER BY e.created_at, e.id`,
}

// From now on: what has not ended by now is after it.
const createEndpoint = {
  name: 'create_webhook_endpoint',
  text: `INSERT INTO webhook_endpoints (id, request_hash, url, types, kinds, includes_text, secret, seen_xid, running)
    SELECT $1, $2, $3, $4::text[], $5::text[], $6, $7, pg_snapshot_xmax(s)::text::bigint + o,
      ARRAY(SELECT x::text::bigint + o FROM pg_snapshot_xip(s) AS x)
    FROM (SELECT pg_current_snapshot() AS s, parley_xid_offset() AS o) AS now
    WHERE (SELECT count(*) FROM webhook_endpoints) < $8
    ON CONFLICT (id) DO NOTHING RETURNING id`,
}

const readRequestHash = {
  name: 'read_webhook_request_hash',
  text: 'SELECT request_hash AS "requestHash" FROM webhook_endpoints WHERE id = $1',
  goesWithWrites: true,
}

const updateEndpoint = {
  name: 'update_webhook_endpoint',
  text: `UPDATE webhook_endpoints SET url = coalesce($2, url), types = coalesce($3::text[], types), kinds = coalesce($4::text[], kinds),
      includes_text = coalesce($5, includes_text), ${ended} WHERE id = $1 RETURNING id`,
}

// An endpoint that is active already goes on as it is.
const setState = {
  name: 'set_webhook_state',
  text: `UPDATE webhook_endpoints SET state = $2::webhook_endpoint_state, state_reason = $3,
      failing_since = CASE WHEN state = $2::webhook_endpoint_state THEN failing_since END, ${ended} WHERE id = $1 RETURNING id`,
}

const hurryHolds = {
  name: 'hurry_webhook_holds',
  text: 'UPDATE webhook_holds SET next_attempt_at = now() WHERE endpoint_id = $1 AND next_attempt_at > now()',
}

const rotateSecret = {
  name: 'rotate_webhook_secret',
  text: `UPDATE webhook_endpoints SET former_secret = CASE WHEN rotation_key = $3 THEN former_secret ELSE secret END,
      former_secret_until = CASE WHEN rotation_key = $3 THEN former_secret_until ELSE now() + $4 * interval '1 ms' END,
      secret = CASE WHEN rotation_key = $3 THEN secret ELSE $2 END, rotation_key = $3, ${ended}
    WHERE id = $1 RETURNING id`,
}

// What is held continues from the first of its events there, and the others follow with it.
const seek = {
  name: 'seek_webhook_endpoint',
  text: `WITH place AS MATERIALIZED (
      SELECT coalesce($2::bigint, (SELECT min(xid::text::bigint) FROM events WHERE occurred_at >= $4), e.seen_xid) AS xid,
        coalesce($3::bigint[], '{}') AS running FROM webhook_endpoints e WHERE e.id = $1),
    moved AS (
      UPDATE webhook_holds h SET next_seq = first.seq, attempts = 0, first_attempt_at = NULL, next_attempt_at = now(), occurred_at = first.occurred_at
        FROM (SELECT stream_id, min(seq) AS seq, min(occurred_at) AS occurred_at FROM events
          WHERE xid >= (SELECT xid::text::xid8 FROM place) OR xid = ANY (ARRAY(SELECT r::text::xid8 FROM place, unnest(place.running) AS r))
          GROUP BY stream_id) AS first
       WHERE h.endpoint_id = $1 AND h.conversation_id = first.stream_id AND first.seq < h.next_seq)
    UPDATE webhook_endpoints e SET seen_xid = least(e.seen_xid, place.xid),
      running = CASE WHEN place.xid < e.seen_xid THEN place.running || ARRAY(SELECT r FROM unnest(e.running) AS r
        WHERE r < place.xid AND r <> ALL (place.running)) ELSE e.running END,
      taken_until = least(e.taken_until, coalesce($4, e.taken_until)), ${ended}
      FROM place WHERE e.id = $1 RETURNING e.id`,
}

const removeEndpoint = {
  name: 'remove_webhook_endpoint',
  text: 'DELETE FROM webhook_endpoints WHERE id = $1 RETURNING id',
}

const acquireLeases = {
  name: 'acquire_webhook_leases',
  text: `UPDATE webhook_endpoints e SET lease_holder = $1, lease_epoch = lease_epoch + 1, lease_until = now() + $2 * interval '1 ms'
    WHERE state = 'ACTIVE' AND lease_until <= now() RETURNING ${columns}, e.lease_epoch AS epoch`,
}

const renewLease = {
  name: 'renew_webhook_lease',
  text: `UPDATE webhook_endpoints SET lease_until = now() + $3 * interval '1 ms' WHERE id = $1 AND lease_epoch = $2 AND state = 'ACTIVE' RETURNING id`,
  isRepeatable: true,
}

const releaseLease = {
  name: 'release_webhook_lease',
  text: 'UPDATE webhook_endpoints SET lease_until = now() WHERE id = $1 AND lease_epoch = $2',
}

const endLease = {
  name: 'end_webhook_lease',
  text: `UPDATE webhook_endpoints SET state = $3::webhook_endpoint_state, state_reason = $4, ${ended}
    WHERE id = $1 AND lease_epoch = $2 RETURNING id`,
}

type Row<Shape> = Shape & Record<string, unknown>

export function createWebhookEndpointStore(db: Database): WebhookEndpointStore {
  const changes = async (statement: { name: string; text: string }, values: unknown[]) =>
    (await db.run(statement, values)).length > 0
  return {
    all: () => db.run<Row<WebhookEndpoint>>(readEndpoints, []),
    create: ({ id, requestHash, url, types, kinds, includesText, secret }, maxCount) =>
      changes(createEndpoint, [id, requestHash, url, types, kinds, includesText, secret, maxCount]),
    async requestHash(id) {
      const [row] = await db.run<{ requestHash: Buffer | null }>(readRequestHash, [id])
      return row?.requestHash ?? null
    },
    update: (id, { url, types, kinds, includesText }) =>
      changes(updateEndpoint, [id, url ?? null, types ?? null, kinds ?? null, includesText ?? null]),
    async setState(id, state, reason) {
      const isThere = await changes(setState, [id, state, reason])
      if (isThere && state === 'ACTIVE') await db.run(hurryHolds, [id])
      return isThere
    },
    rotate: (id, secret, key, overlapMs) => changes(rotateSecret, [id, secret, key, overlapMs]),
    seek: (id, to) =>
      changes(seek, 'fromMs' in to ? [id, null, null, new Date(to.fromMs)] : [id, to.seenXid, [...to.running], null]),
    remove: (id) => changes(removeEndpoint, [id]),
    acquire: (holderId, ttlMs) => db.run<Row<WebhookEndpoint & { epoch: number }>>(acquireLeases, [holderId, ttlMs]),
    renew: ({ endpointId, epoch }, ttlMs) => changes(renewLease, [endpointId, epoch, ttlMs]),
    async release({ endpointId, epoch }) {
      await db.run(releaseLease, [endpointId, epoch])
    },
    end: ({ endpointId, epoch }, state, reason) => changes(endLease, [endpointId, epoch, state, reason]),
  }
}
