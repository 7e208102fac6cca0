-- Retention: events past their age leave the log in small batches; their op keys may have to be known for longer.
-- Erasure: a person's texts and profile go, everybody else's conversations stay intact.

-- AlterEnum
ALTER TYPE "event_type" ADD VALUE 'USER_ERASED';

-- AlterTable
ALTER TABLE "users" ADD COLUMN "erased_at" TIMESTAMPTZ(3), ADD COLUMN "erasure_finished_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "retired_op_keys" (
    "actor_id" UUID NOT NULL,
    "op_key" TEXT NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "stream_id" UUID NOT NULL,
    "event_seq" INTEGER NOT NULL,
    "message_seq" INTEGER,
    "data" JSONB,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "retired_op_keys_pkey" PRIMARY KEY ("actor_id","op_key")
);

-- Old rows lie together: block range indexes find them for next to nothing.
CREATE INDEX "events_occurred_at" ON "events" USING brin ("occurred_at");
CREATE INDEX "retired_op_keys_occurred_at" ON "retired_op_keys" USING brin ("occurred_at");

-- Those whose erasure was begun and has to be finished.
CREATE INDEX "users_erasure_pending" ON "users" ("id") WHERE "erased_at" IS NOT NULL AND "erasure_finished_at" IS NULL;

-- Removes one batch: the oldest stretch of one stream, whose floor moves with it. Answers how many events went; 0 when
-- none is old enough, or when another process is at it.
CREATE FUNCTION parley_retire_events(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE target uuid; upto int; removed int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('parley_retire_events')) THEN RETURN 0; END IF;
  SELECT stream_id INTO target FROM events WHERE occurred_at < p_before LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- The head row first, as every writer does.
  PERFORM FROM conversations WHERE id = target FOR NO KEY UPDATE;
  PERFORM FROM users WHERE id = target FOR NO KEY UPDATE;
  SELECT max(seq) INTO upto FROM (
    SELECT seq FROM events WHERE stream_id = target AND occurred_at < p_before ORDER BY seq LIMIT p_limit) AS batch;
  UPDATE conversations SET floor_event_seq = greatest(floor_event_seq, upto) WHERE id = target;
  UPDATE users SET floor_event_seq = greatest(floor_event_seq, upto) WHERE id = target;
  WITH gone AS (DELETE FROM events WHERE stream_id = target AND seq <= upto RETURNING *), kept AS (
    INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, message_seq, data, occurred_at)
    SELECT actor_id, op_key, request_hash, stream_id, seq, message_seq, data, occurred_at FROM gone WHERE op_key IS NOT NULL)
  SELECT count(*) INTO removed FROM gone;
  RETURN removed;
END $$;

CREATE FUNCTION parley_forget_op_keys(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE removed int;
BEGIN
  DELETE FROM retired_op_keys WHERE (actor_id, op_key) IN (
    SELECT actor_id, op_key FROM retired_op_keys WHERE occurred_at < p_before LIMIT p_limit);
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;

-- Who was erased is nobody to start something with.
CREATE OR REPLACE FUNCTION parley_all_exist(p_users uuid[]) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT count(*) FROM users WHERE id = ANY (p_users) AND erased_at IS NULL) = (SELECT count(DISTINCT u) FROM unnest(p_users) u);

-- The first step of an erasure: nothing tells who the person was, and nobody can log in as them any more. Not known when
-- there is no such person. Answers the sessions that ended. The credentials first, as a login that is under way does.
CREATE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), display_name = 'Erased person',
    search_name = '', avatar_url = NULL, erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
END $$;

-- Makes tombstones of a person's messages in one stretch of a conversation, so that a long one takes many short steps.
CREATE FUNCTION parley_erase_messages(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int, p_up_to_seq int)
RETURNS void LANGUAGE sql AS $$
  UPDATE messages SET text = NULL, salt = NULL, client_message_id = 'erased', deleted_at = coalesce(deleted_at, parley_now()),
    deleted_by_id = coalesce(deleted_by_id, p_actor)
   WHERE conversation_id = p_conversation AND seq > p_after_seq AND seq <= p_up_to_seq AND sender_id = p_user
     AND client_message_id <> 'erased';
$$;

-- Keys are texts of the person's choosing, and hashes of requests tell whether one guessed a text right. A batch at a time:
-- answers how many went.
CREATE FUNCTION parley_erase_keys(p_user uuid, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE erased int;
BEGIN
  UPDATE events SET op_key = NULL, request_hash = NULL WHERE (stream_id, seq) IN (
    SELECT stream_id, seq FROM events WHERE actor_id = p_user AND op_key IS NOT NULL LIMIT p_limit);
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END $$;

-- The last step for one conversation: what came after p_after_seq goes too, and one event tells everybody to drop their
-- copies. The person is no longer in a group, and a direct conversation is closed. Repeating it changes nothing.
CREATE FUNCTION parley_erase_in_conversation(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m members; at timestamptz; events jsonb;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM members WHERE conversation_id = p_conversation AND user_id = p_user FOR NO KEY UPDATE;
  at := parley_now();
  PERFORM parley_erase_messages(p_actor, p_conversation, p_user, p_after_seq, c.head_seq);
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'USER_ERASED', p_actor, jsonb_build_object('userId', p_user)));
  UPDATE members SET last_sent_seq = 0 WHERE conversation_id = p_conversation AND user_id = p_user;
  IF c.kind = 'DIRECT' THEN
    UPDATE conversations SET closed_at = coalesce(closed_at, at) WHERE id = p_conversation;
  ELSIF m.left_at IS NULL THEN
    events := events || parley_end_membership(p_actor, p_conversation, p_user);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;
