-- AlterTable
ALTER TABLE "users" ADD COLUMN     "suspended_at" TIMESTAMPTZ(3),
ADD COLUMN     "suspended_by_id" UUID,
ADD COLUMN     "suspended_reason" TEXT,
ADD COLUMN     "suspended_until" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "audit_log" (
    "seq" BIGINT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT NOT NULL,
    "actor_id" UUID,
    "subject_id" UUID,
    "conversation_id" UUID,
    "data" JSONB NOT NULL DEFAULT '{}',
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "audit_head" (
    "only" BOOLEAN NOT NULL DEFAULT true,
    "seq" BIGINT NOT NULL DEFAULT 0,
    "hash" BYTEA NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "floor_seq" BIGINT NOT NULL DEFAULT 0,
    "floor_hash" BYTEA NOT NULL,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("only")
);

-- CreateIndex
CREATE INDEX "audit_log_action_seq_idx" ON "audit_log"("action", "seq");

-- CreateIndex
CREATE INDEX "audit_log_actor_id_seq_idx" ON "audit_log"("actor_id", "seq");

-- CreateIndex
CREATE INDEX "audit_log_subject_id_seq_idx" ON "audit_log"("subject_id", "seq");

-- CreateIndex
CREATE INDEX "audit_log_conversation_id_seq_idx" ON "audit_log"("conversation_id", "seq");

-- CreateIndex
CREATE INDEX "audit_log_occurred_at_idx" ON "audit_log"("occurred_at");


ALTER TABLE audit_head ADD CONSTRAINT audit_head_one CHECK ("only");
CREATE INDEX users_suspended ON users (suspended_at, id) WHERE suspended_at IS NOT NULL;
INSERT INTO audit_head (hash, occurred_at, floor_hash) VALUES ('', '-infinity', '');

-- Functions as prisma/functions has them (npm run migration:functions).

-- Adds an entry to the audit log, in the transaction of what it records. Call it last: the head of the log is locked until the
-- commit, so entries are numbered in commit order, and whoever holds it must not wait for anybody else.
CREATE OR REPLACE FUNCTION parley_audit(p_action text, p_actor uuid, p_subject uuid, p_conversation uuid, p_data jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE h audit_head; at timestamptz; new_hash bytea; data jsonb := coalesce(jsonb_strip_nulls(p_data), '{}');
BEGIN
  SELECT * INTO STRICT h FROM audit_head FOR UPDATE;
  at := greatest(parley_now(), h.occurred_at);
  new_hash := parley_audit_hash(h.hash, h.seq + 1, at, p_action, p_actor, p_subject, p_conversation, data);
  INSERT INTO audit_log (seq, occurred_at, action, actor_id, subject_id, conversation_id, data, hash)
  VALUES (h.seq + 1, at, p_action, p_actor, p_subject, p_conversation, data, new_hash);
  UPDATE audit_head SET seq = h.seq + 1, hash = new_hash, occurred_at = at;
  RETURN h.seq + 1;
END $$;

-- Triggers of audit_log and audit_head: what is written stays as it is. Rows are removed by retention alone, which moves the floor before.
CREATE OR REPLACE FUNCTION parley_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'audit_log' AND TG_OP = 'DELETE' THEN
    IF OLD.seq <= (SELECT floor_seq FROM audit_head) THEN RETURN OLD; END IF;
  ELSIF TG_TABLE_NAME = 'audit_head' AND TG_OP = 'UPDATE' THEN
    IF NEW.seq >= OLD.seq AND NEW.floor_seq >= OLD.floor_seq AND NEW.floor_seq <= NEW.seq THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- What an entry of the audit log has as its hash: changed, removed or inserted anywhere, the entries after it no longer fit.
CREATE OR REPLACE FUNCTION parley_audit_hash(p_before bytea, p_seq bigint, p_at timestamptz, p_action text, p_actor uuid, p_subject uuid,
  p_conversation uuid, p_data jsonb) RETURNS bytea LANGUAGE sql STABLE
RETURN sha256(p_before || convert_to(p_seq || chr(31) || (extract(epoch FROM p_at) * 1000)::bigint || chr(31) || p_action || chr(31)
  || coalesce(p_actor::text, '') || chr(31) || coalesce(p_subject::text, '') || chr(31) || coalesce(p_conversation::text, '') || chr(31)
  || p_data::text, 'UTF8'));

-- Removes the oldest entries of the audit log, at most so many. The head keeps the hash of the last one, so that the chain can still be
-- checked from there. How many.
CREATE OR REPLACE FUNCTION parley_audit_retire(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE last audit_log; removed int;
BEGIN
  PERFORM FROM audit_head FOR UPDATE;
  SELECT * INTO last FROM (SELECT * FROM audit_log ORDER BY seq LIMIT p_limit) x WHERE occurred_at < p_before ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- First the head: the trigger lets rows go up to there.
  UPDATE audit_head SET floor_seq = last.seq, floor_hash = last.hash;
  DELETE FROM audit_log WHERE seq <= last.seq;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;

-- Trigger of users: whoever gives a person another role, and by whatever way, it is in the audit log.
CREATE OR REPLACE FUNCTION parley_audit_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM parley_audit('user.roleChanged', nullif(current_setting('parley.actor', true), '')::uuid, NEW.id, NULL,
    jsonb_build_object('from', OLD.role, 'to', NEW.role));
  RETURN NULL;
END $$;

-- The first step of an erasure: nothing shows any more who the person was or when they were online, and nobody can log in
-- as them. Not known: there is no such person. Returns the sessions that ended. The credentials are deleted first, in the
-- same order as a login locks them.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_actor uuid, p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
DECLARE is_first boolean := EXISTS (SELECT FROM users WHERE id = p_user AND erased_at IS NULL);
BEGIN
  -- Before the person's row, as a send locks them. What is attached to a message goes with it.
  PERFORM parley_drop_attachments(ARRAY(SELECT id FROM attachments WHERE uploader_id = p_user AND conversation_id IS NULL));
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE imported_people SET email_hash = NULL WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL, suspended_by_id = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  DELETE FROM blocks WHERE blocker_id = p_user OR blocked_id = p_user;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
  IF is_first THEN PERFORM parley_audit('user.erased', nullif(p_actor, p_user), p_user, NULL, NULL); END IF;
END $$;

-- For processes of the former version, which do not say who erases.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE sql AS $$
  SELECT * FROM parley_begin_erasure(NULL, p_user);
$$;

CREATE OR REPLACE FUNCTION parley_is_suspended(p_at timestamptz, p_until timestamptz) RETURNS boolean LANGUAGE sql STABLE
RETURN p_at IS NOT NULL AND (p_until IS NULL OR p_until > now());

-- Suspends a person, or no longer does; p_actor null: an operator on the command line. All their sessions end in the transaction, and
-- a login at the same moment waits for it (both lock the person's row). Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_suspend_user(p_actor uuid, p_user uuid, p_suspended boolean, p_reason text, p_until timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE u users; was boolean; ended uuid[] := '{}';
BEGIN
  IF p_actor IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE id = p_actor AND role = 'ADMIN' AND erased_at IS NULL
    AND NOT parley_is_suspended(suspended_at, suspended_until)) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  SELECT * INTO u FROM users WHERE id = p_user AND erased_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  was := parley_is_suspended(u.suspended_at, u.suspended_until);
  IF p_suspended THEN
    UPDATE users SET suspended_at = CASE WHEN was THEN suspended_at ELSE parley_now() END, suspended_until = p_until,
      suspended_reason = p_reason, suspended_by_id = p_actor WHERE id = p_user;
    UPDATE sessions SET revoked_at = now() WHERE user_id = p_user AND revoked_at IS NULL;
    -- With those of a moment ago: who repeats this may not know whether their end was announced.
    ended := ARRAY(SELECT id FROM sessions WHERE user_id = p_user AND revoked_at > now() - interval '1 minute');
    IF NOT was OR u.suspended_until IS DISTINCT FROM p_until OR u.suspended_reason IS DISTINCT FROM p_reason THEN
      PERFORM parley_audit('user.suspended', p_actor, p_user, NULL, jsonb_build_object('until', p_until));
    END IF;
  ELSIF u.suspended_at IS NOT NULL THEN
    UPDATE users SET suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL, suspended_by_id = NULL WHERE id = p_user;
    IF was THEN PERFORM parley_audit('user.unsuspended', p_actor, p_user, NULL, NULL); END IF;
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'sessionIds', to_jsonb(ended), 'events', '[]'::jsonb);
END $$;

-- Whether this person answers on behalf of the operator now. Asked in the transaction of the write: a token knows the role as
-- it was up to a second ago.
CREATE OR REPLACE FUNCTION parley_is_staff(p_user uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM users WHERE id = p_user AND role <> 'USER' AND erased_at IS NULL AND NOT parley_is_suspended(suspended_at, suspended_until));
