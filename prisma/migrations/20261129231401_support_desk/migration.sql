-- CreateEnum
CREATE TYPE "support_status" AS ENUM ('OPEN', 'RESOLVED');

-- CreateTable
CREATE TABLE "support_cases" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "status" "support_status" NOT NULL DEFAULT 'OPEN',
    "assignee_id" UUID,
    "is_answered" BOOLEAN NOT NULL DEFAULT true,
    "queue_at" TIMESTAMPTZ(3) NOT NULL,
    "seen_seq" INTEGER NOT NULL DEFAULT 0,
    "last_user_seq" INTEGER NOT NULL DEFAULT 0,
    "last_staff_seq" INTEGER NOT NULL DEFAULT 0,
    "staff_read_seq" INTEGER NOT NULL DEFAULT 0,
    "staff_told_seq" INTEGER NOT NULL DEFAULT 0,
    "first_answered_at" TIMESTAMPTZ(3),
    "first_resolved_at" TIMESTAMPTZ(3),
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "support_cases_pkey" PRIMARY KEY ("conversation_id")
);

-- CreateIndex
CREATE INDEX "support_cases_queue" ON "support_cases"("status", "is_answered", "queue_at", "conversation_id");

-- CreateIndex
CREATE INDEX "support_cases_user_id_idx" ON "support_cases"("user_id");

-- AddForeignKey
ALTER TABLE "support_cases" ADD CONSTRAINT "support_cases_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "support_cases" ADD CONSTRAINT "support_cases_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "support_cases" ADD CONSTRAINT "support_cases_assignee_id_fkey" FOREIGN KEY ("assignee_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;


-- The open conversations that nobody of the staff has read to the end: few, of however many there are.
CREATE INDEX "support_cases_unread" ON "support_cases"("conversation_id") WHERE "status" = 'OPEN' AND "last_user_seq" > "staff_read_seq";

-- The head of the desk's stream: see parley_desk.
INSERT INTO "conversations" ("id", "kind", "edit_policy") VALUES ('00000000-0000-4000-8000-00000000de5c', 'GROUP', 'NEVER');

CREATE OR REPLACE FUNCTION parley_desk_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;

CREATE CONSTRAINT TRIGGER "conversations_desk_moved" AFTER UPDATE OF "head_event_seq" ON "conversations"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.kind = 'SUPPORT' AND NEW.head_event_seq <> OLD.head_event_seq) EXECUTE FUNCTION parley_desk_moved();

-- Functions as prisma/functions has them (npm run migration:functions).

-- markRead (p_delivered 0) and markDelivered (p_read 0). Positions only move forward; a seq past the head counts as the
-- head. With p_gather_from members or more (but never in a support conversation, whose queue follows at once) the others are told later; `gathered` is then true.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int, p_gather_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c conversations; me members; tells boolean; at timestamptz; events jsonb := '[]'; outcome text := 'UNCHANGED';
  read_before int; delivered_before int; read_to int; own_to int; delivered_to int; one record;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation;
  IF c.member_count >= p_gather_from AND c.kind <> 'SUPPORT' THEN
    SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    IF one.outcome = 'LOCKED' THEN
      PERFORM FROM members WHERE conversation_id = p_conversation AND user_id = p_actor FOR NO KEY UPDATE;
      PERFORM pg_advisory_xact_lock_shared(parley_read_key(p_conversation));
      SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    END IF;
    IF one.event_seq IS NOT NULL THEN
      events := jsonb_build_array(jsonb_build_object('streamId', p_actor, 'seq', one.event_seq,
        'type', 'INBOX_ENTRY_CHANGED', 'actorId', p_actor, 'messageSeq', NULL,
        'data', jsonb_build_object('conversationId', p_conversation),
        'occurredAt', to_timestamp(one.at_ms / 1000), 'mark', one.mark, 'markBefore', one.mark_before,
        'message', NULL));
    END IF;
    RETURN jsonb_build_object('outcome', one.outcome, 'lastReadSeq', one.last_read_seq,
      'lastDeliveredSeq', one.last_delivered_seq, 'unreadCount', one.unread_count, 'gathered', true, 'events', events);
  END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT read_receipts_enabled INTO tells FROM users WHERE id = p_actor;
  read_before := greatest(me.last_read_seq, me.pending_read_seq);
  delivered_before := greatest(me.last_delivered_seq, me.pending_delivered_seq);
  -- Without a lock where nothing can change: cursors only grow, but for the viewer's own hand.
  IF p_read > me.own_read_seq OR greatest(p_read, p_delivered) > delivered_before OR tells AND p_read > read_before THEN
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
    SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    SELECT read_receipts_enabled INTO tells FROM users WHERE id = p_actor;
    -- Never before the messages that are read, whatever the clock did.
    at := greatest(parley_now(), c.last_activity_at);
    read_before := greatest(me.last_read_seq, me.pending_read_seq);
    delivered_before := greatest(me.last_delivered_seq, me.pending_delivered_seq);
    own_to := greatest(me.own_read_seq, least(p_read, c.head_seq));
    delivered_to := greatest(delivered_before, least(greatest(p_read, p_delivered), c.head_seq));
    read_to := CASE WHEN tells THEN greatest(read_before, least(p_read, c.head_seq)) ELSE me.last_read_seq END;
    IF own_to > me.own_read_seq OR read_to > read_before OR delivered_to > delivered_before THEN
      outcome := 'ADVANCED';
      -- With what was gathered while the conversation was larger.
      UPDATE members SET own_read_seq = own_to, last_read_seq = read_to, last_delivered_seq = delivered_to,
        caught_up = c.inbox_due_at IS NOT NULL AND own_to >= c.head_seq,
        pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
       WHERE conversation_id = p_conversation AND user_id = p_actor;
      IF read_to > read_before THEN
        INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, read_to, at)
        ON CONFLICT DO NOTHING;
      END IF;
      IF read_to > me.last_read_seq OR delivered_to > me.last_delivered_seq THEN
        events := jsonb_build_array(parley_conversation_event(p_conversation, 'RECEIPT_ADVANCED', p_actor, jsonb_build_object(
          'receipts', jsonb_build_array(jsonb_build_object('userId', p_actor, 'lastReadSeq', read_to,
            'lastDeliveredSeq', delivered_to, 'at', at, 'delivered', delivered_to > me.last_delivered_seq)))));
      ELSE
        -- The others saw no change, the own devices do: read again what had been marked unread by hand, or in secret.
        events := parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}');
      END IF;
      IF c.kind = 'SUPPORT' THEN
        -- Several of the staff count as one.
        UPDATE support_cases SET staff_read_seq = greatest(staff_read_seq, own_to),
            staff_told_seq = CASE WHEN tells THEN greatest(staff_told_seq, read_to) ELSE staff_told_seq END
         WHERE conversation_id = p_conversation AND user_id <> p_actor;
      END IF;
      me.own_read_seq := own_to; delivered_before := delivered_to;
    END IF;
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', me.own_read_seq, 'lastDeliveredSeq', delivered_before,
    'unreadCount', parley_unread(p_conversation, p_actor, c.head_seq, me.own_read_seq, me.last_sent_seq), 'events', events);
END $$;

-- For processes of the former version: the others are always told at once.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_advance_cursor(p_actor, p_conversation, p_read, p_delivered, 2147483647);
$$;

-- Many advances in one statement and one commit, in conversations of at least p_gather_from members. The caller must give
-- at most one advance for each member in a call. p_reads has 0 for markDelivered, p_delivereds has 0 for markRead.
--
-- Returns one row for each advance, in order. LOCKED: another transaction has the member's row, or edits or deletes a message
-- that must not be read before (parley_read_key). SMALL: the conversation has
-- fewer members, or is one with support. Nothing was done for these. event_seq is the number of the INBOX_ENTRY_CHANGED on the member's personal
-- stream, if there is one.
CREATE OR REPLACE FUNCTION parley_advance_cursors(p_actors uuid[], p_conversations uuid[], p_reads int[], p_delivereds int[],
  p_gather_from int)
RETURNS TABLE (outcome text, last_read_seq int, last_delivered_seq int, unread_count int, event_seq int, mark text,
  mark_before text, at_ms float8)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE held bigint[]; changing uuid[]; now timestamptz; log_xid xid8;
BEGIN
  -- Not those that stay as they are: a lock is a write.
  held := ARRAY(
    SELECT a.place
      FROM unnest(p_actors, p_conversations, p_reads, p_delivereds) WITH ORDINALITY AS a(actor, conversation, read, delivered, place)
      JOIN members m ON m.conversation_id = a.conversation AND m.user_id = a.actor AND m.left_at IS NULL
      JOIN conversations c ON c.id = a.conversation JOIN users u ON u.id = a.actor
     WHERE c.member_count >= p_gather_from AND c.kind <> 'SUPPORT' AND (
       least(a.read, c.head_seq) > m.own_read_seq
       OR least(greatest(a.read, a.delivered), c.head_seq) > greatest(m.last_delivered_seq, m.pending_delivered_seq)
       OR u.read_receipts_enabled AND least(a.read, c.head_seq) > greatest(m.last_read_seq, m.pending_read_seq))
     ORDER BY m.conversation_id, m.user_id
       FOR NO KEY UPDATE OF m SKIP LOCKED);
  -- Nor while somebody edits or deletes what may be read only once. Whatever the policy is: it may change meanwhile.
  changing := ARRAY(SELECT conversation FROM (SELECT DISTINCT p_conversations[place] AS conversation FROM unnest(held) place) x
    WHERE NOT pg_try_advisory_xact_lock_shared(parley_read_key(conversation)));
  IF cardinality(changing) > 0 THEN
    held := ARRAY(SELECT place FROM unnest(held) place WHERE p_conversations[place] <> ALL (changing));
  END IF;
  -- Whose own stream may get an event.
  PERFORM FROM users WHERE id = ANY (ARRAY(SELECT p_actors[place] FROM unnest(held) place WHERE p_reads[place] > 0))
    ORDER BY id FOR NO KEY UPDATE;
  now := parley_now();
  -- Where nothing is written it would be the only reason for a transaction id.
  IF cardinality(held) > 0 THEN log_xid := parley_xid(); END IF;
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH asked AS (
    SELECT a.place, a.actor, a.conversation, m.user_id, m.own_read_seq, m.last_sent_seq, c.head_seq, c.member_count, c.kind,
      u.head_event_seq, u.head_mark, u.read_receipts_enabled AS tells, greatest(now, c.last_activity_at) AS at,
      least(a.read, c.head_seq) AS read, least(greatest(a.read, a.delivered), c.head_seq) AS delivered,
      greatest(m.last_read_seq, m.pending_read_seq) AS read_before,
      greatest(m.last_delivered_seq, m.pending_delivered_seq) AS delivered_before
    FROM unnest(p_actors, p_conversations, p_reads, p_delivereds) WITH ORDINALITY AS a(actor, conversation, read, delivered, place)
    LEFT JOIN LATERAL (SELECT * FROM conversations WHERE id = a.conversation LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT * FROM users WHERE id = a.actor LIMIT 1) u ON true
    LEFT JOIN LATERAL (SELECT * FROM members
      WHERE conversation_id = a.conversation AND user_id = a.actor AND left_at IS NULL LIMIT 1) m ON true
  ), aimed AS (
    SELECT *, greatest(own_read_seq, read) AS own_to, greatest(delivered_before, delivered) AS delivered_to,
      CASE WHEN tells THEN greatest(read_before, read) ELSE read_before END AS read_to
    FROM asked
  ), decided AS (
    SELECT *, read_to > read_before OR delivered_to > delivered_before AS concerns_others,
      CASE
        WHEN user_id IS NULL THEN 'NOT_FOUND'
        WHEN member_count < p_gather_from OR kind = 'SUPPORT' THEN 'SMALL'
        WHEN own_to = own_read_seq AND read_to = read_before AND delivered_to = delivered_before THEN 'UNCHANGED'
        WHEN place <> ALL (held) THEN 'LOCKED'
        ELSE 'ADVANCED'
      END AS outcome
    FROM aimed
  ), judged AS (
    SELECT *, outcome = 'ADVANCED' AS ok, outcome = 'ADVANCED' AND own_to > own_read_seq AS is_news,
      CASE WHEN outcome = 'ADVANCED' AND own_to > own_read_seq THEN parley_mark() END AS mark
    FROM decided
  ), numbered AS MATERIALIZED (
    SELECT *, CASE WHEN is_news
        THEN head_event_seq + (row_number() OVER (PARTITION BY actor, is_news ORDER BY place))::int END AS event_seq,
      CASE WHEN is_news
        THEN coalesce(lag(mark) OVER (PARTITION BY actor, is_news ORDER BY place), head_mark) END AS mark_before
    FROM judged
  ), moved AS (
    UPDATE members m SET own_read_seq = n.own_to,
        pending_read_seq = CASE WHEN n.concerns_others THEN n.read_to ELSE m.pending_read_seq END,
        pending_delivered_seq = CASE WHEN n.concerns_others THEN n.delivered_to ELSE m.pending_delivered_seq END,
        pending_at = CASE WHEN n.concerns_others THEN n.at ELSE m.pending_at END
      FROM numbered n WHERE n.ok AND m.conversation_id = n.conversation AND m.user_id = n.actor
  ), times AS (
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at)
    SELECT conversation, actor, read_to, at FROM numbered WHERE ok AND read_to > read_before
    ON CONFLICT DO NOTHING
  ), heads AS (
    UPDATE users u SET head_event_seq = n.event_seq, head_mark = n.mark, head_xid = log_xid
      FROM (SELECT DISTINCT ON (actor) actor, event_seq, mark FROM numbered WHERE is_news ORDER BY actor, event_seq DESC) n
     WHERE u.id = n.actor
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, actor_id, data, occurred_at, mark, mark_before, xid)
    SELECT actor, event_seq, 'INBOX_ENTRY_CHANGED', actor, jsonb_build_object('conversationId', conversation), now,
        mark, mark_before, log_xid
      FROM numbered WHERE is_news
  )
  SELECT outcome, own_to, delivered_to,
    CASE WHEN own_to >= head_seq THEN 0 ELSE parley_unread(conversation, actor, head_seq, own_to, last_sent_seq) END,
    event_seq, mark, mark_before, (extract(epoch FROM now) * 1000)::float8
  FROM numbered ORDER BY place;
END $$;

-- The first message of somebody of the staff in a support conversation: they become a member with it. Both are done or
-- neither. firstAnswerMs: how long the user waited for any answer, when this is the first one.
CREATE OR REPLACE FUNCTION parley_answer_support(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text,
  p_reply_to int, p_mention_ids uuid[], p_mention_everyone boolean, p_attachment_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; replayed jsonb; at timestamptz; joined jsonb; sent jsonb; first_ms float8;
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF parley_is_member(p_actor, p_conversation) THEN
    RETURN parley_send_message(p_actor, p_conversation, p_op_key, p_hash, p_text, p_reply_to,
      p_mention_ids, p_mention_everyone, p_attachment_ids);
  END IF;
  -- All people whose streams get an event, in the order in which every write locks people.
  PERFORM FROM users WHERE id = p_actor OR id = ANY (ARRAY(
    SELECT user_id FROM members WHERE conversation_id = p_conversation AND archived AND left_at IS NULL)) ORDER BY id FOR NO KEY UPDATE;
  SELECT CASE WHEN first_answered_at IS NULL THEN extract(epoch FROM parley_now() - c.created_at) * 1000 END INTO STRICT first_ms
    FROM support_cases WHERE conversation_id = p_conversation;
  BEGIN
    at := greatest(parley_now(), c.last_activity_at);
    INSERT INTO members (conversation_id, user_id, role, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq)
    VALUES (p_conversation, p_actor, 'MEMBER', c.head_seq, c.head_seq, c.head_seq, at, c.head_event_seq)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq;
    UPDATE conversations SET member_count = member_count + 1 WHERE id = p_conversation;
    joined := jsonb_build_array(
      parley_conversation_event(p_conversation, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', p_actor)));
    joined := joined || parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor,
      jsonb_build_object('joinedEventSeq', c.head_event_seq));
    sent := parley_send_message(p_actor, p_conversation, p_op_key, p_hash, p_text, p_reply_to,
      p_mention_ids, p_mention_everyone, p_attachment_ids);
    IF sent->>'outcome' <> 'ACCEPTED' THEN RAISE EXCEPTION USING ERRCODE = 'PR001', MESSAGE = 'the answer was refused'; END IF;
  EXCEPTION WHEN SQLSTATE 'PR001' THEN RETURN sent;
  END;
  RETURN sent || jsonb_build_object('firstAnswerMs', first_ms, 'events', joined || (sent->'events'));
END $$;

-- p_assignee null: nobody is responsible.
CREATE OR REPLACE FUNCTION parley_assign_support(p_actor uuid, p_conversation uuid, p_assignee uuid) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE s support_cases;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  PERFORM FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  SELECT * INTO STRICT s FROM support_cases WHERE conversation_id = p_conversation;
  IF p_assignee IS NOT NULL AND NOT parley_is_staff(p_assignee) THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_all_exist(ARRAY[p_assignee]) THEN 'NOT_STAFF' ELSE 'USER_NOT_FOUND' END);
  END IF;
  IF s.assignee_id IS NOT DISTINCT FROM p_assignee THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE support_cases SET assignee_id = p_assignee WHERE conversation_id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;

-- Removes what hangs on messages whose texts are removed in the same transaction: everything that must not be left of a deleted
-- or erased message. Each table with something of a message has its line here.
CREATE OR REPLACE FUNCTION parley_clear_messages(p_conversation uuid, p_seqs int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A join and not ANY: for a long list of numbers each is looked up by its key.
  DELETE FROM reactions r USING unnest(p_seqs) AS s(seq) WHERE r.conversation_id = p_conversation AND r.message_seq = s.seq;
  DELETE FROM reaction_kinds k USING unnest(p_seqs) AS s(seq) WHERE k.conversation_id = p_conversation AND k.message_seq = s.seq;
  DELETE FROM pins p USING unnest(p_seqs) AS s(seq) WHERE p.conversation_id = p_conversation AND p.message_seq = s.seq;
  DELETE FROM mentions m USING unnest(p_seqs) AS s(seq) WHERE m.conversation_id = p_conversation AND m.message_seq = s.seq;
  DELETE FROM message_revisions h USING unnest(p_seqs) AS s(seq) WHERE h.conversation_id = p_conversation AND h.message_seq = s.seq;
  DELETE FROM message_search x USING unnest(p_seqs) AS s(seq) JOIN messages m ON m.conversation_id = p_conversation AND m.seq = s.seq
   WHERE x.conversation_id = p_conversation AND x.created_at = m.created_at AND x.seq = s.seq;
  PERFORM parley_support_cleared(p_conversation);
END $$;

-- The id of the desk's stream. Its head is a row of conversations that nobody is a member of: so the log, its retention and
-- the relay need not know of it.
CREATE OR REPLACE FUNCTION parley_desk() RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN '00000000-0000-4000-8000-00000000de5c'::uuid;

-- Appends to the desk's stream that a support conversation has new events. A trigger of conversations, so that no write can
-- forget it, and a deferred one: the desk's row is locked last of all, just before the commit, when the transaction waits for
-- nothing any more. docs/decisions/0056 says more.
CREATE OR REPLACE FUNCTION parley_desk_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE desk conversations; new_mark text := parley_mark(); log_xid xid8 := parley_xid();
BEGIN
  SELECT * INTO STRICT desk FROM conversations WHERE id = parley_desk() FOR NO KEY UPDATE;
  UPDATE conversations SET head_event_seq = desk.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid WHERE id = desk.id;
  PERFORM parley_event(desk.id, desk.head_event_seq + 1, 'DESK_MOVED', NULL, NULL, NULL, NULL,
    jsonb_build_object('conversationId', NEW.id, 'afterSeq', OLD.head_event_seq, 'markAfter', OLD.head_mark,
      'upToSeq', NEW.head_event_seq), parley_now(), NULL, new_mark, desk.head_mark, log_xid);
  RETURN NULL;
END $$;

-- The last step for one conversation: messages after p_after_seq are erased too, and one event tells all readers to drop
-- their copies. That event is also needed if only events name the person, as in a group that they left without writing. The
-- membership is marked as erased; a table with other data of a person in a conversation must be cleared here. The person
-- leaves a group; a direct conversation and one that they opened with support are closed. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_erase_in_conversation(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; is_theirs boolean; m members; at timestamptz; events jsonb;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM members WHERE conversation_id = p_conversation AND user_id = p_user FOR NO KEY UPDATE;
  is_theirs := EXISTS (SELECT FROM support_cases WHERE conversation_id = p_conversation AND user_id = p_user);
  IF m.erased_at IS NOT NULL AND (c.kind = 'DIRECT' OR is_theirs OR m.left_at IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  at := parley_now();
  PERFORM parley_erase_messages(p_actor, p_conversation, p_user, p_after_seq, m.last_sent_seq);
  UPDATE messages x SET mention_ids = nullif(array_remove(x.mention_ids, p_user), '{}') FROM mentions n
   WHERE n.user_id = p_user AND n.conversation_id = p_conversation
     AND x.conversation_id = p_conversation AND x.seq = n.message_seq;
  DELETE FROM mentions WHERE user_id = p_user AND conversation_id = p_conversation;
  PERFORM parley_erase_reactions(p_conversation, p_user, NULL);
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'USER_ERASED', p_actor, jsonb_build_object('userId', p_user)));
  UPDATE members SET last_sent_seq = 0, erased_at = at WHERE conversation_id = p_conversation AND user_id = p_user;
  IF c.kind = 'DIRECT' THEN
    UPDATE conversations SET closed_at = coalesce(closed_at, at) WHERE id = p_conversation;
  ELSIF is_theirs THEN
    -- Its title is their text too.
    UPDATE conversations SET closed_at = coalesce(closed_at, at), title = NULL WHERE id = p_conversation;
    UPDATE support_cases SET status = 'RESOLVED', resolved_at = coalesce(resolved_at, at), is_answered = true
     WHERE conversation_id = p_conversation;
  ELSIF m.left_at IS NULL THEN
    events := events || parley_end_membership(p_actor, p_conversation, p_user);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;

-- Inserts one row of the log. The caller has set the same number, mark and transaction in the stream's head row;
-- p_mark_before is the mark that it had before. historyBound: messages up to this seq are withheld from some member now; an
-- event of a message that was just sent is withheld from nobody. desk: it is of a support conversation, so the desk's stream
-- moves with it.
CREATE OR REPLACE FUNCTION parley_event(p_stream uuid, p_seq int, p_type event_type, p_actor uuid, p_op_key text, p_hash bytea,
  p_message_seq int, p_data jsonb, p_at timestamptz, p_message jsonb, p_mark text, p_mark_before text, p_xid xid8)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, data, occurred_at, mark, mark_before, xid)
  VALUES (p_stream, p_seq, p_type, p_actor, p_op_key, p_hash, p_message_seq, p_data, p_at, p_mark, p_mark_before, p_xid);
  RETURN jsonb_build_object('streamId', p_stream, 'seq', p_seq, 'type', p_type, 'actorId', p_actor,
    'messageSeq', p_message_seq, 'data', p_data, 'occurredAt', p_at, 'mark', p_mark, 'markBefore', p_mark_before,
    'message', p_message, 'historyBound', CASE WHEN p_message_seq IS NULL OR p_type = 'MESSAGE_SENT' THEN 0
      ELSE (SELECT history_bound_seq FROM conversations WHERE id = p_stream) END,
    'desk', EXISTS (SELECT FROM support_cases WHERE conversation_id = p_stream));
END $$;

-- Whether this person answers on behalf of the operator now. Asked in the transaction of the write: a token knows the role as
-- it was up to a second ago.
CREATE OR REPLACE FUNCTION parley_is_staff(p_user uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM users WHERE id = p_user AND role <> 'USER' AND erased_at IS NULL);

-- The first event of a support conversation is that its user joined, so that the desk is told of it before anything is sent.
CREATE OR REPLACE FUNCTION parley_open_support(p_actor uuid, p_new_id uuid, p_title text, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE replayed jsonb; at timestamptz := parley_now(); events jsonb; own jsonb;
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN
    RETURN replayed || jsonb_build_object('conversationId', replayed->'data'->'conversationId');
  END IF;
  INSERT INTO conversations (id, kind, title, edit_policy, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'SUPPORT', p_title, 'UNTIL_READ', 1, at, at);
  INSERT INTO support_cases (conversation_id, user_id, queue_at) VALUES (p_new_id, p_actor, at);
  INSERT INTO members (conversation_id, user_id, role, joined_at) VALUES (p_new_id, p_actor, 'MEMBER', at);
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  events := jsonb_build_array(
    parley_conversation_event(p_new_id, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', p_actor)));
  events := events || parley_inbox_events(ARRAY[p_actor], p_new_id, p_actor, '{"joinedEventSeq": 0}', p_op_key, p_hash);
  SELECT e INTO own FROM jsonb_array_elements(events) e WHERE e->>'streamId' = p_actor::text;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id, 'streamId', own->'streamId',
    'eventSeq', own->'seq', 'events', events);
END $$;

-- Whether the other side of a support conversation has read this message, as far as it lets that be seen: the user, or
-- anybody of the staff.
CREATE OR REPLACE FUNCTION parley_other_side_read(c conversations, m messages) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT CASE WHEN s.user_id = m.sender_id THEN s.staff_told_seq >= m.seq ELSE EXISTS (
    SELECT FROM members o JOIN users u ON u.id = o.user_id WHERE o.conversation_id = c.id AND o.user_id = s.user_id
      AND u.read_receipts_enabled AND greatest(o.last_read_seq, o.pending_read_seq) >= m.seq) END
  FROM support_cases s WHERE s.conversation_id = c.id);

-- markRead of somebody of the staff who is not a member: the desk has read it. The user is told as of a changed conversation,
-- because a receipt is that of a member.
CREATE OR REPLACE FUNCTION parley_read_support(p_actor uuid, p_conversation uuid, p_read int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; s support_cases; read_to int; told_to int; outcome text := 'UNCHANGED'; events jsonb := '[]';
BEGIN
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO STRICT s FROM support_cases WHERE conversation_id = p_conversation;
  read_to := greatest(s.staff_read_seq, least(p_read, c.head_seq));
  told_to := CASE WHEN (SELECT read_receipts_enabled FROM users WHERE id = p_actor)
    THEN greatest(s.staff_told_seq, least(p_read, c.head_seq)) ELSE s.staff_told_seq END;
  IF read_to > s.staff_read_seq OR told_to > s.staff_told_seq THEN
    outcome := 'ADVANCED';
    UPDATE support_cases SET staff_read_seq = read_to, staff_told_seq = told_to WHERE conversation_id = p_conversation;
    events := jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL));
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', read_to, 'lastDeliveredSeq', read_to, 'unreadCount', (
    SELECT count(*) FROM messages WHERE conversation_id = p_conversation AND seq > read_to AND sender_id = s.user_id AND deleted_at IS NULL),
    'gathered', false, 'events', events);
END $$;

-- A member removes another one, or leaves if p_user is the actor.
CREATE OR REPLACE FUNCTION parley_remove_member(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; target members; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  -- Who opened a support conversation stays in it.
  IF EXISTS (SELECT FROM support_cases WHERE conversation_id = p_conversation AND user_id = p_user) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  SELECT * INTO target FROM members WHERE conversation_id = p_conversation AND user_id = p_user AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', CASE WHEN parley_may(c, me, 'REMOVE') THEN 'USER_NOT_FOUND' ELSE 'FORBIDDEN' END); END IF;
  -- Nobody but the owner removes an admin.
  IF p_user <> p_actor AND (NOT parley_may(c, me, 'REMOVE') OR me.role <> 'OWNER' AND target.role <> 'MEMBER') THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  events := parley_end_membership(p_actor, p_conversation, p_user);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events || parley_inbox_events(ARRAY[p_user], p_conversation, p_actor,
    jsonb_build_object('left', true, 'leftEventSeq', events->0->'seq')));
END $$;

-- p_mention_ids and p_attachment_ids: null when there are none, else without duplicates.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text,
  p_reply_to int, p_mention_ids uuid[], p_mention_everyone boolean, p_attachment_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; sent jsonb; besides jsonb; refusal text;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.closed_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED'); END IF;
  IF p_reply_to IS NOT NULL AND (p_reply_to <= me.history_from_seq OR p_reply_to > c.head_seq) THEN
    RETURN jsonb_build_object('outcome', 'REPLY_NOT_FOUND');
  END IF;
  IF p_mention_ids IS NOT NULL OR p_mention_everyone OR p_attachment_ids IS NOT NULL THEN
    refusal := parley_extras_refused(p_actor, p_conversation, p_mention_ids, p_mention_everyone, p_attachment_ids);
    IF refusal IS NOT NULL THEN RETURN jsonb_build_object('outcome', refusal); END IF;
  END IF;
  -- Never before the message that precedes it, whatever the clock did.
  at := greatest(parley_now(), c.last_activity_at);
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_seq = c.head_seq + 1, head_event_seq = c.head_event_seq + 1, head_mark = new_mark,
    head_xid = log_xid, last_activity_at = at
   WHERE id = p_conversation;
  INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at,
    mention_ids, mentions_everyone)
  VALUES (p_conversation, c.head_seq + 1, p_actor, p_text, p_op_key, p_reply_to, at, p_mention_ids, coalesce(p_mention_everyone, false))
  RETURNING * INTO m;
  IF p_mention_ids IS NOT NULL OR p_attachment_ids IS NOT NULL THEN
    PERFORM parley_store_extras(p_actor, p_conversation, m.seq, p_mention_ids, m.mentions_everyone, p_attachment_ids);
  END IF;
  -- Who sends has read what stands above. A receipt only where others' messages were passed by it.
  IF greatest(me.last_read_seq, me.pending_read_seq) < c.head_seq THEN
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, m.seq, at);
  END IF;
  UPDATE members SET last_read_seq = m.seq, own_read_seq = m.seq, last_delivered_seq = m.seq, last_sent_seq = m.seq,
    pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
   WHERE conversation_id = p_conversation AND user_id = p_actor;
  PERFORM parley_touch_activity(ARRAY[p_conversation]);
  sent := parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_SENT', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), m.seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid);
  besides := parley_unarchive(ARRAY[p_conversation]);
  -- Last, as it may append to the conversation once more.
  IF c.kind = 'SUPPORT' THEN besides := parley_support_sent(ARRAY[p_conversation]) || besides; END IF;
  RETURN parley_accepted(sent) || jsonb_build_object('events', sent || besides);
END $$;

-- For processes of the former version: without mentions and attachments.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text, p_reply_to int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_send_message(p_actor, p_conversation, p_op_key, p_hash, p_text, p_reply_to, NULL, false, NULL);
$$;

-- Many sends in one statement and one commit, each with the outcome that parley_send_message would give it. The rules for
-- writes (README.md) apply here too.
--
--   * The caller must give at most one send for each (actor, key) in a call.
--   * The result is as if the sends came one after the other in the order of the arrays, except that refused sends count as
--     the first ones. So a reply to a message of the same call is refused. All sends were requested before any was
--     answered, so every order is correct, and a refusal changes nothing for the other sends.
--   * Sends to several conversations do not wait: if another transaction holds a conversation, its sends are answered
--     LOCKED, nothing is done for them, and the others are not delayed. Sends to one conversation, all by members, wait for
--     its lock.
--   * Keys are written in order, so that two calls with the same keys never deadlock.
--   * Members' rows need no lock of their own: every writer of such a row holds its conversation's row.
--
-- p_extras: null when no send has mentions or attachments, else for each send null or
-- { mentionIds, mentionEveryone, attachmentIds }, lists without duplicates, null when empty.
--
-- Returns one row for each send, in order: the outcome, and the numbers and the time of an accepted one (the caller knows
-- the rest of its message). Outcome null: the key is known, and `replayed` is the answer of parley_replayed. After these
-- come one row for each further event that the sends caused, on a personal stream or of a support conversation that opened
-- again: outcome BESIDES, the event in `replayed`; and one for each support conversation: outcome DESK. A process of the former version reads no row after those of the sends.
--
-- The settings keep its plan the same whatever the tables held when it was made: each row is found by an index, and no
-- table or index is scanned from end to end. LIMIT 1 keeps the planner from turning a lookup by key into a join.
CREATE OR REPLACE FUNCTION parley_send_messages(p_actors uuid[], p_conversations uuid[], p_op_keys text[], p_hashes bytea[],
  p_texts text[], p_replies int[], p_extras jsonb[])
RETURNS TABLE (outcome text, seq int, event_seq int, mark text, mark_before text, at_ms float8,
  replayed jsonb)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE asked uuid[]; held uuid[]; support uuid[]; now timestamptz; log_xid xid8;
BEGIN
  -- Nobody waits for a conversation that they are not in, nor holds up others by a lock on it.
  asked := ARRAY(SELECT DISTINCT conversation FROM unnest(p_actors, p_conversations) AS a(actor, conversation)
    WHERE parley_is_member(actor, conversation));
  IF p_conversations[1] = ALL (p_conversations) AND NOT EXISTS (SELECT FROM unnest(p_actors) AS a(actor)
    WHERE NOT parley_is_member(actor, p_conversations[1])) THEN
    SELECT array_agg(id), array_agg(id) FILTER (WHERE kind = 'SUPPORT') INTO held, support
      FROM (SELECT id, kind FROM conversations WHERE id = p_conversations[1] FOR NO KEY UPDATE) AS locked;
  ELSE
    SELECT array_agg(id), array_agg(id) FILTER (WHERE kind = 'SUPPORT') INTO held, support
      FROM (SELECT id, kind FROM conversations WHERE id = ANY (asked) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS locked;
  END IF;
  held := coalesce(held, '{}');
  now := parley_now();
  log_xid := parley_xid();
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH decided AS (
    SELECT a.*, c.head_seq, c.head_event_seq, c.head_mark, greatest(m.last_read_seq, m.pending_read_seq) AS last_read_seq,
      greatest(now, c.last_activity_at) AS at,
      CASE
        WHEN m.user_id IS NULL AND used.yes IS NULL AND retired.yes IS NULL THEN 'NOT_FOUND'
        WHEN m.user_id IS NOT NULL AND c.id <> ALL (held) THEN 'LOCKED'
        WHEN used.yes OR retired.yes THEN NULL
        WHEN c.closed_at IS NOT NULL THEN 'CONVERSATION_CLOSED'
        WHEN a.reply_to NOT BETWEEN m.history_from_seq + 1 AND c.head_seq THEN 'REPLY_NOT_FOUND'
        WHEN a.extras IS NULL THEN 'ACCEPTED'
        ELSE coalesce(parley_extras_refused(a.actor, a.conversation, parley_ids(a.extras->'mentionIds'),
          (a.extras->>'mentionEveryone')::boolean, parley_ids(a.extras->'attachmentIds')), 'ACCEPTED')
      END AS outcome
    FROM unnest(p_actors, p_conversations, p_op_keys, p_hashes, p_texts, p_replies, p_extras) WITH ORDINALITY
      AS a(actor, conversation, op_key, hash, text, reply_to, extras, place)
    LEFT JOIN LATERAL (SELECT * FROM conversations WHERE id = a.conversation LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT * FROM members
      WHERE conversation_id = a.conversation AND user_id = a.actor AND left_at IS NULL LIMIT 1) m ON true
    LEFT JOIN LATERAL (SELECT true AS yes FROM events WHERE actor_id = a.actor AND op_key = a.op_key LIMIT 1) used ON true
    LEFT JOIN LATERAL (SELECT true AS yes FROM retired_op_keys WHERE actor_id = a.actor AND op_key = a.op_key LIMIT 1) retired ON true
  ), counted AS (
    SELECT *, outcome IS NOT DISTINCT FROM 'ACCEPTED' AS ok, parley_mark() AS mark,
      (row_number() OVER (PARTITION BY conversation, outcome ORDER BY place))::int AS nth,
      lead(place) OVER (PARTITION BY conversation, outcome ORDER BY place) IS NULL AS is_last
    FROM decided
  ), numbered AS MATERIALIZED (
    SELECT *, head_seq + nth AS seq, head_event_seq + nth AS event_seq,
      coalesce(lag(mark) OVER (PARTITION BY conversation, outcome ORDER BY place), head_mark) AS mark_before,
      gen_random_uuid() AS salt,
      head_seq + lag(nth) OVER (PARTITION BY conversation, outcome, actor ORDER BY place) AS sent_before,
      lead(nth) OVER (PARTITION BY conversation, outcome, actor ORDER BY place) IS NULL AS is_last_of_actor
    FROM counted
  ), heads AS (
    UPDATE conversations c SET head_seq = n.seq, head_event_seq = n.event_seq, head_mark = n.mark, head_xid = log_xid,
        last_activity_at = n.at
      FROM numbered n WHERE n.ok AND n.is_last AND c.id = n.conversation
  ), written AS (
    INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at, salt,
      mention_ids, mentions_everyone)
    SELECT conversation, seq, actor, text, op_key, reply_to, at, salt,
      CASE WHEN extras IS NOT NULL THEN parley_ids(extras->'mentionIds') END,
      extras IS NOT NULL AND (extras->>'mentionEveryone')::boolean FROM numbered WHERE ok
  ), advances AS (
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at)
    SELECT conversation, actor, seq, at FROM numbered WHERE ok AND coalesce(sent_before, last_read_seq) < seq - 1
  ), senders AS (
    UPDATE members m SET last_read_seq = n.seq, own_read_seq = n.seq, last_delivered_seq = n.seq, last_sent_seq = n.seq,
        pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
      FROM numbered n WHERE n.ok AND n.is_last_of_actor AND m.conversation_id = n.conversation AND m.user_id = n.actor
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, occurred_at, mark, mark_before, xid)
    SELECT conversation, event_seq, 'MESSAGE_SENT', actor, op_key, parley_salted(hash, salt), seq, at, mark, mark_before, log_xid
      FROM numbered WHERE ok ORDER BY actor, op_key
  )
  SELECT outcome, seq, event_seq, mark, mark_before, (extract(epoch FROM at) * 1000)::float8,
    CASE WHEN outcome IS NULL THEN parley_replayed(actor, op_key, hash) END
  FROM numbered ORDER BY place;
  IF p_extras IS NOT NULL THEN
    PERFORM parley_store_extras(e.actor_id, e.stream_id, e.message_seq, parley_ids(extras->'mentionIds'),
        (extras->>'mentionEveryone')::boolean, parley_ids(extras->'attachmentIds'))
      FROM unnest(p_actors, p_op_keys, p_extras) AS a(actor, op_key, extras)
      JOIN events e ON e.actor_id = a.actor AND e.op_key = a.op_key AND e.xid = log_xid
     WHERE extras IS NOT NULL;
  END IF;
  -- Apart from it, as both may write the sender's row.
  PERFORM parley_touch_activity(held);
  RETURN QUERY SELECT 'BESIDES', NULL::int, NULL::int, NULL::text, NULL::text, NULL::float8, event
    FROM jsonb_array_elements(parley_unarchive(held)) AS event;
  -- Last, as it may append to these conversations once more.
  IF support IS NOT NULL THEN
    RETURN QUERY SELECT 'DESK', NULL::int, NULL::int, NULL::text, NULL::text, NULL::float8, jsonb_build_object('conversationId', id)
      FROM unnest(support) AS s(id);
    RETURN QUERY SELECT 'BESIDES', NULL::int, NULL::int, NULL::text, NULL::text, NULL::float8, event
      FROM jsonb_array_elements(parley_support_sent(support)) AS event;
  END IF;
END $$;

-- For processes of the former version: without mentions and attachments.
CREATE OR REPLACE FUNCTION parley_send_messages(p_actors uuid[], p_conversations uuid[], p_op_keys text[], p_hashes bytea[],
  p_texts text[], p_replies int[])
RETURNS TABLE (outcome text, seq int, event_seq int, mark text, mark_before text, at_ms float8,
  replayed jsonb)
LANGUAGE sql AS $$
  -- Nor events of other types besides than that version knows.
  SELECT * FROM parley_send_messages(p_actors, p_conversations, p_op_keys, p_hashes, p_texts, p_replies, NULL) AS s
   WHERE s.outcome IS DISTINCT FROM 'DESK'
     AND (s.outcome IS DISTINCT FROM 'BESIDES' OR s.replayed->>'type' = 'INBOX_ENTRY_CHANGED');
$$;

-- resolutionMs: how long the conversation was open before it was resolved for the first time, when this does that.
CREATE OR REPLACE FUNCTION parley_set_support_status(p_actor uuid, p_conversation uuid, p_status support_status) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE c conversations; s support_cases; at timestamptz; taken_ms float8;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  SELECT * INTO STRICT s FROM support_cases WHERE conversation_id = p_conversation;
  IF s.status = p_status THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'resolutionMs', NULL, 'events', '[]'::jsonb); END IF;
  at := parley_now();
  IF p_status = 'RESOLVED' AND s.first_resolved_at IS NULL THEN taken_ms := extract(epoch FROM at - c.created_at) * 1000; END IF;
  UPDATE support_cases SET status = p_status, resolved_at = CASE WHEN p_status = 'RESOLVED' THEN at END,
    first_resolved_at = CASE WHEN p_status = 'RESOLVED' THEN coalesce(first_resolved_at, at) ELSE first_resolved_at END
   WHERE conversation_id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'resolutionMs', taken_ms, 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;

-- After messages of a support conversation were deleted: one that waited for an answer waits no more. The caller holds the
-- conversation's row.
CREATE OR REPLACE FUNCTION parley_support_cleared(p_conversation uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s support_cases; oldest timestamptz;
BEGIN
  SELECT * INTO s FROM support_cases WHERE conversation_id = p_conversation;
  IF NOT FOUND THEN RETURN; END IF;
  IF s.last_user_seq > s.staff_read_seq THEN
    UPDATE support_cases SET last_user_seq = coalesce((SELECT max(seq) FROM messages WHERE conversation_id = p_conversation
      AND seq > s.staff_read_seq AND sender_id = s.user_id AND deleted_at IS NULL), 0)
     WHERE conversation_id = p_conversation;
  END IF;
  IF s.is_answered THEN RETURN; END IF;
  SELECT min(created_at) INTO oldest FROM messages
   WHERE conversation_id = p_conversation AND seq > s.last_staff_seq AND sender_id = s.user_id AND deleted_at IS NULL;
  UPDATE support_cases SET is_answered = oldest IS NULL,
      queue_at = coalesce(oldest,
        (SELECT created_at FROM messages WHERE conversation_id = p_conversation AND seq = s.last_staff_seq),
        (SELECT created_at FROM conversations WHERE id = p_conversation))
   WHERE conversation_id = p_conversation;
END $$;

-- What new messages do to support conversations: one of the user waits for an answer, and opens the conversation again; one
-- of the staff answers all before it. The caller holds the conversations' rows, and calls this after the messages are
-- written. Returns the events of conversations that opened again.
CREATE OR REPLACE FUNCTION parley_support_sent(p_conversations uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE s support_cases; m record; was support_status; events jsonb := '[]';
BEGIN
  FOR s IN SELECT * FROM support_cases WHERE conversation_id = ANY (p_conversations) ORDER BY conversation_id LOOP
    was := s.status;
    FOR m IN SELECT seq, sender_id, created_at FROM messages
        WHERE conversation_id = s.conversation_id AND seq > s.seen_seq ORDER BY seq LOOP
      s.seen_seq := m.seq;
      IF m.sender_id = s.user_id THEN
        IF s.is_answered THEN s.queue_at := m.created_at; END IF;
        s.is_answered := false;
        s.last_user_seq := m.seq;
        s.status := 'OPEN';
        s.resolved_at := NULL;
      ELSE
        s.is_answered := true;
        s.queue_at := m.created_at;
        s.last_staff_seq := m.seq;
        s.staff_read_seq := m.seq;
        s.staff_told_seq := m.seq;
        s.first_answered_at := coalesce(s.first_answered_at, m.created_at);
      END IF;
    END LOOP;
    UPDATE support_cases SET seen_seq = s.seen_seq, is_answered = s.is_answered, queue_at = s.queue_at, status = s.status,
      resolved_at = s.resolved_at, last_user_seq = s.last_user_seq, last_staff_seq = s.last_staff_seq,
      staff_read_seq = s.staff_read_seq, staff_told_seq = s.staff_told_seq, first_answered_at = s.first_answered_at
     WHERE conversation_id = s.conversation_id;
    IF s.status <> was THEN
      events := events || parley_conversation_event(s.conversation_id, 'CONVERSATION_UPDATED', s.user_id, NULL);
    END IF;
  END LOOP;
  RETURN events;
END $$;

-- Whether the conversation's policy still lets the sender change this message. An attempt to edit must not reveal what a
-- member with read receipts off has read.
CREATE OR REPLACE FUNCTION parley_editable(c conversations, m messages) RETURNS boolean LANGUAGE sql STABLE
RETURN CASE c.edit_policy
  WHEN 'ANYTIME' THEN true
  WHEN 'NEVER' THEN false
  WHEN 'WITHIN_15_MINUTES' THEN clock_timestamp() - m.created_at < interval '15 minutes'
  WHEN 'UNTIL_READ' THEN CASE WHEN c.kind = 'SUPPORT' THEN NOT parley_other_side_read(c, m) ELSE NOT EXISTS (
    SELECT FROM members o WHERE o.conversation_id = c.id AND o.user_id <> m.sender_id AND o.left_at IS NULL
      AND greatest(o.last_read_seq, o.pending_read_seq) >= m.seq
      AND (SELECT u.read_receipts_enabled FROM users u WHERE u.id = o.user_id)) END
END;
