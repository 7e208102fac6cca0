CREATE TYPE "webhook_endpoint_state" AS ENUM ('ACTIVE', 'PAUSED', 'DISABLED');

CREATE TYPE "webhook_delivery_state" AS ENUM ('PENDING', 'RETRYING', 'FAILED', 'DELIVERED');

CREATE TABLE "webhook_endpoints" (
    "id" UUID NOT NULL,
    "request_hash" BYTEA,
    "url" TEXT NOT NULL,
    "types" TEXT[],
    "kinds" TEXT[],
    "includes_text" BOOLEAN NOT NULL,
    "secret" TEXT NOT NULL,
    "former_secret" TEXT,
    "former_secret_until" TIMESTAMPTZ(3),
    "rotation_key" TEXT,
    "state" "webhook_endpoint_state" NOT NULL DEFAULT 'ACTIVE',
    "state_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_xid" BIGINT NOT NULL,
    "running" BIGINT[],
    "taken_until" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "failing_since" TIMESTAMPTZ(3),
    "lease_holder" UUID,
    "lease_epoch" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "webhook_holds" (
    "endpoint_id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "next_seq" INTEGER NOT NULL,
    "up_to_seq" INTEGER NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL,
    "first_attempt_at" TIMESTAMPTZ(3),
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_holds_pkey" PRIMARY KEY ("endpoint_id","conversation_id")
);

CREATE TABLE "webhook_deliveries" (
    "id" TEXT NOT NULL,
    "endpoint_id" UUID NOT NULL,
    "conversation_id" UUID,
    "event_seq" INTEGER,
    "type" TEXT NOT NULL,
    "state" "webhook_delivery_state" NOT NULL,
    "attempts" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_attempt_at" TIMESTAMPTZ(3),
    "next_attempt_at" TIMESTAMPTZ(3),
    "response_status" INTEGER,
    "error" TEXT,
    "duration_ms" INTEGER,
    "is_single" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "webhook_deliveries_newest" ON "webhook_deliveries"("endpoint_id", "created_at", "id");

ALTER TABLE "webhook_holds" ADD CONSTRAINT "webhook_holds_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Deliveries that are attempted by themselves: few.
CREATE INDEX "webhook_deliveries_waiting" ON "webhook_deliveries"("endpoint_id", "next_attempt_at") WHERE "is_single" AND "next_attempt_at" IS NOT NULL;

-- Functions as prisma/functions has them (npm run migration:functions).

-- Removes one batch: the oldest events of one stream. The stream's floor moves with it, and keeps the mark and the
-- transaction of the last removed event. Returns how many events were removed; 0 when none is old enough, or when another
-- process is removing events.
CREATE OR REPLACE FUNCTION parley_retire_events(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE target uuid; last events; newest xid8; removed int;
BEGIN
  -- What the search has not taken from the log yet stays in it.
  p_before := least(p_before, (SELECT indexed_until FROM search_position));
  -- And what a webhook endpoint that is active has not delivered.
  p_before := least(p_before, (SELECT min(taken_until) FROM webhook_endpoints WHERE state = 'ACTIVE'),
    (SELECT min(h.occurred_at) FROM webhook_holds h JOIN webhook_endpoints e ON e.id = h.endpoint_id WHERE e.state = 'ACTIVE'));
  IF NOT pg_try_advisory_xact_lock(hashtext('parley_retire_events')) THEN RETURN 0; END IF;
  SELECT stream_id INTO target FROM events WHERE occurred_at < p_before LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- The head row first, as every writer does.
  PERFORM FROM conversations WHERE id = target FOR NO KEY UPDATE;
  PERFORM FROM users WHERE id = target FOR NO KEY UPDATE;
  SELECT * INTO last FROM (
    SELECT * FROM events WHERE stream_id = target AND occurred_at < p_before ORDER BY seq LIMIT p_limit) AS batch
   ORDER BY seq DESC LIMIT 1;
  UPDATE conversations SET floor_event_seq = last.seq, floor_mark = last.mark, floor_xid = last.xid
   WHERE id = target AND floor_event_seq < last.seq;
  UPDATE users SET floor_event_seq = last.seq, floor_mark = last.mark, floor_xid = last.xid
   WHERE id = target AND floor_event_seq < last.seq;
  WITH gone AS (DELETE FROM events WHERE stream_id = target AND seq <= last.seq RETURNING *), kept AS (
    INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, mark, message_seq, data, occurred_at)
    SELECT actor_id, op_key, request_hash, stream_id, seq, mark, message_seq, data, occurred_at FROM gone WHERE op_key IS NOT NULL)
  SELECT count(*), (array_agg(xid ORDER BY xid DESC))[1] INTO removed, newest FROM gone;
  UPDATE log_clock SET retired_xid = newest WHERE retired_xid < newest;
  RETURN removed;
END $$;
