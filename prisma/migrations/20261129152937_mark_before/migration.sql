-- Each event names the mark of the one before it, so that whoever has served one can see that the next one follows it:
-- docs/decisions/0023. Events that are there already stay without: the column is added without writing a row anew.
ALTER TABLE "events" ADD COLUMN "mark_before" TEXT;

-- These answer a column more. Processes of the former version name the columns that they read.
DROP FUNCTION parley_send_messages(uuid[], uuid[], text[], bytea[], text[], int[]);
DROP FUNCTION parley_advance_cursors(uuid[], uuid[], int[], int[], int);
-- Only called by functions.
DROP FUNCTION parley_event(uuid, int, event_type, uuid, text, bytea, int, jsonb, timestamptz, jsonb, text, xid8);

-- Functions as prisma/functions has them (npm run migration:functions).

-- Many advances in one statement and one commit, in conversations of at least p_gather_from members. Of one member there is
-- at most one in a call; the caller sees to that. p_reads has 0 for markDelivered, p_delivereds has 0 for markRead.
--
-- Answers one row for each, in order. LOCKED: somebody else has the member's row, SMALL: the conversation has fewer members;
-- nothing was done for these. event_seq is the number of the INBOX_ENTRY_CHANGED on the member's own stream, if there is one.
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
DECLARE held bigint[]; now timestamptz; log_xid xid8;
BEGIN
  -- Not those that stay as they are: a lock is a write.
  held := ARRAY(
    SELECT a.place
      FROM unnest(p_actors, p_conversations, p_reads, p_delivereds) WITH ORDINALITY AS a(actor, conversation, read, delivered, place)
      JOIN members m ON m.conversation_id = a.conversation AND m.user_id = a.actor AND m.left_at IS NULL
      JOIN conversations c ON c.id = a.conversation JOIN users u ON u.id = a.actor
     WHERE c.member_count >= p_gather_from AND (
       least(a.read, c.head_seq) > m.own_read_seq
       OR least(greatest(a.read, a.delivered), c.head_seq) > greatest(m.last_delivered_seq, m.pending_delivered_seq)
       OR u.read_receipts_enabled AND least(a.read, c.head_seq) > greatest(m.last_read_seq, m.pending_read_seq))
     ORDER BY m.conversation_id, m.user_id
       FOR NO KEY UPDATE OF m SKIP LOCKED);
  -- Whose own stream may get an event.
  PERFORM FROM users WHERE id = ANY (ARRAY(SELECT p_actors[place] FROM unnest(held) place WHERE p_reads[place] > 0))
    ORDER BY id FOR NO KEY UPDATE;
  now := parley_now();
  -- Where nothing is written it would be the only reason for a transaction id.
  IF cardinality(held) > 0 THEN log_xid := parley_xid(); END IF;
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH asked AS (
    SELECT a.place, a.actor, a.conversation, m.user_id, m.own_read_seq, m.last_sent_seq, c.head_seq, c.member_count,
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
        WHEN member_count < p_gather_from THEN 'SMALL'
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

-- Appends to the stream of a conversation whose row the caller holds.
CREATE OR REPLACE FUNCTION parley_conversation_event(p_conversation uuid, p_type event_type, p_actor uuid, p_data jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE head int; mark_before text; new_mark text := parley_mark(); log_xid xid8 := parley_xid();
BEGIN
  SELECT head_mark INTO mark_before FROM conversations WHERE id = p_conversation;
  UPDATE conversations SET head_event_seq = head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation RETURNING head_event_seq INTO head;
  RETURN parley_event(p_conversation, head, p_type, p_actor, NULL, NULL, NULL, p_data, parley_now(), NULL,
    new_mark, mark_before, log_xid);
END $$;

-- The sender within the edit policy; owners and admins of a group at any time.
CREATE OR REPLACE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind <> 'GROUP' OR me.role = 'MEMBER' THEN
    IF m.sender_id <> p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF (c.kind <> 'GROUP' OR me.role = 'MEMBER') AND NOT parley_editable(c, m) THEN
    RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy);
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  UPDATE messages SET text = NULL, salt = NULL, deleted_at = at, deleted_by_id = p_actor
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, p_op_key, p_hash,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

CREATE OR REPLACE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  PERFORM FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.sender_id <> p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF NOT parley_editable(c, m) THEN RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy); END IF;
  IF p_expected_revision IS NOT NULL AND p_expected_revision <> m.revision THEN
    RETURN jsonb_build_object('outcome', 'REVISION_CONFLICT', 'eventSeq', c.head_event_seq, 'mark', c.head_mark,
      'message', parley_message_json(m));
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  UPDATE messages SET text = p_text, revision = m.revision + 1, edited_at = at
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_EDITED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- One row of the log. The caller has given the stream's head row the same number, mark and transaction; p_mark_before is the
-- mark that it had.
CREATE OR REPLACE FUNCTION parley_event(p_stream uuid, p_seq int, p_type event_type, p_actor uuid, p_op_key text, p_hash bytea,
  p_message_seq int, p_data jsonb, p_at timestamptz, p_message jsonb, p_mark text, p_mark_before text, p_xid xid8)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, data, occurred_at, mark, mark_before, xid)
  VALUES (p_stream, p_seq, p_type, p_actor, p_op_key, p_hash, p_message_seq, p_data, p_at, p_mark, p_mark_before, p_xid);
  RETURN jsonb_build_object('streamId', p_stream, 'seq', p_seq, 'type', p_type, 'actorId', p_actor,
    'messageSeq', p_message_seq, 'data', p_data, 'occurredAt', p_at, 'mark', p_mark, 'markBefore', p_mark_before,
    'message', p_message);
END $$;

-- Tells what waits: the conversations after p_after (null: from the first), in one event each, by one process at a time. No
-- conversation gets another one within p_pause_ms. Answers `next`, after which to go on, null at the end; and `left`,
-- conversations that somebody else had, or that have more than one event's worth: to be called for singly. Called with
-- p_conversation it waits for that one, and looks at no other.
CREATE OR REPLACE FUNCTION parley_flush_receipts(p_conversation uuid, p_after uuid, p_pause_ms int) RETURNS jsonb
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
DECLARE
  max_conversations CONSTANT int := 100;
  -- Receipts of one event, and of all events of a call, about: everything is locked until the commit.
  max_receipts CONSTANT int := 1000;
  max_total CONSTANT int := 2000;
  now timestamptz := parley_now(); log_xid xid8; due uuid[]; held uuid[]; taken members[]; events jsonb;
BEGIN
  IF p_conversation IS NOT NULL THEN
    PERFORM FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
    due := ARRAY[p_conversation];
    held := due;
  ELSIF EXISTS (SELECT FROM members WHERE pending_at IS NOT NULL)
    AND pg_try_advisory_xact_lock(hashtext('parley_flush_receipts')) THEN
    due := ARRAY(
      SELECT conversation_id FROM (
        SELECT w.conversation_id, w.waiting, sum(w.waiting) OVER (ORDER BY w.conversation_id) AS total
          FROM (SELECT conversation_id, least(count(*), max_receipts) AS waiting FROM members
            WHERE pending_at IS NOT NULL AND conversation_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
            GROUP BY conversation_id) w
          JOIN conversations c ON c.id = w.conversation_id AND (c.receipts_due_at <= now) IS NOT FALSE) x
       WHERE total - waiting < max_total ORDER BY conversation_id LIMIT max_conversations);
    held := ARRAY(SELECT id FROM conversations WHERE id = ANY (due) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  END IF;
  IF coalesce(cardinality(due), 0) = 0 THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'next', NULL, 'left', '[]'::jsonb, 'events', '[]'::jsonb);
  END IF;
  taken := ARRAY(
    SELECT ROW(m.*)::members FROM unnest(held) AS c(id) CROSS JOIN LATERAL (
      SELECT * FROM members WHERE conversation_id = c.id AND pending_at IS NOT NULL
       ORDER BY user_id LIMIT max_receipts FOR NO KEY UPDATE) m);
  -- Not before what was told while the locks were waited for.
  now := parley_now();
  log_xid := parley_xid();
  WITH aimed AS (
    SELECT t.*, greatest(t.last_delivered_seq, t.pending_delivered_seq) AS delivered_to,
      -- Switched off since: then it is told of nobody.
      CASE WHEN u.read_receipts_enabled THEN greatest(t.last_read_seq, t.pending_read_seq) ELSE t.last_read_seq END AS read_to
    FROM unnest(taken) t JOIN users u ON u.id = t.user_id
  ), moved AS (
    UPDATE members m SET last_read_seq = a.read_to, last_delivered_seq = a.delivered_to,
        caught_up = c.inbox_due_at IS NOT NULL AND m.own_read_seq >= c.head_seq,
        pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
      FROM aimed a JOIN conversations c ON c.id = a.conversation_id
     WHERE m.conversation_id = a.conversation_id AND m.user_id = a.user_id
  ), told AS (
    SELECT conversation_id, jsonb_build_object('gathered', true, 'receipts', jsonb_agg(jsonb_build_object('userId', user_id,
        'lastReadSeq', read_to, 'lastDeliveredSeq', delivered_to, 'at', pending_at,
        'delivered', delivered_to > last_delivered_seq) ORDER BY pending_at, user_id)) AS data
      FROM aimed WHERE read_to > last_read_seq OR delivered_to > last_delivered_seq GROUP BY conversation_id
  ), heads AS (
    UPDATE conversations c SET head_event_seq = c.head_event_seq + 1, head_mark = parley_mark(), head_xid = log_xid,
        receipts_due_at = now + p_pause_ms * interval '1 millisecond'
      FROM told JOIN conversations was ON was.id = told.conversation_id WHERE c.id = told.conversation_id
      RETURNING c.id, c.head_event_seq, c.head_mark, was.head_mark AS mark_before, told.data
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, data, occurred_at, mark, mark_before, xid)
    SELECT id, head_event_seq, 'RECEIPT_ADVANCED', data, now, head_mark, mark_before, log_xid FROM heads
  )
  SELECT jsonb_agg(jsonb_build_object('streamId', id, 'seq', head_event_seq, 'type', 'RECEIPT_ADVANCED', 'actorId', NULL,
    'messageSeq', NULL, 'data', data, 'occurredAt', now, 'mark', head_mark, 'markBefore', mark_before,
    'message', NULL)) INTO events FROM heads;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'next', due[cardinality(due)],
    'left', to_jsonb(ARRAY(
      SELECT id FROM unnest(due) AS d(id) WHERE id <> ALL (held)
      UNION ALL SELECT conversation_id FROM unnest(taken) GROUP BY conversation_id HAVING count(*) >= max_receipts)),
    'events', coalesce(events, '[]'));
END $$;

-- "A conversation came, went, or its entry changed", on each of these users' personal streams.
CREATE OR REPLACE FUNCTION parley_inbox_events(p_users uuid[], p_conversation uuid, p_actor uuid, p_data jsonb,
  p_op_key text DEFAULT NULL, p_hash bytea DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  u uuid; head int; mark_before text; new_mark text; log_xid xid8 := parley_xid(); result jsonb := '[]';
  payload jsonb := jsonb_build_object('conversationId', p_conversation) || p_data;
BEGIN
  FOR u IN SELECT DISTINCT unnest(p_users) ORDER BY 1 LOOP
    new_mark := parley_mark();
    SELECT head_mark INTO mark_before FROM users WHERE id = u FOR NO KEY UPDATE;
    UPDATE users SET head_event_seq = head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
     WHERE id = u RETURNING head_event_seq INTO head;
    result := result || parley_event(u, head, 'INBOX_ENTRY_CHANGED', p_actor,
      CASE WHEN u = p_actor THEN p_op_key END, CASE WHEN u = p_actor THEN p_hash END, NULL, payload, parley_now(), NULL,
      new_mark, mark_before, log_xid);
  END LOOP;
  RETURN result;
END $$;

CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text, p_reply_to int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; sent jsonb;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.closed_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED'); END IF;
  IF p_reply_to IS NOT NULL AND (p_reply_to < 1 OR p_reply_to > c.head_seq) THEN
    RETURN jsonb_build_object('outcome', 'REPLY_NOT_FOUND');
  END IF;
  -- Never before the message that precedes it, whatever the clock did.
  at := greatest(parley_now(), c.last_activity_at);
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_seq = c.head_seq + 1, head_event_seq = c.head_event_seq + 1, head_mark = new_mark,
    head_xid = log_xid, last_activity_at = at
   WHERE id = p_conversation;
  INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at)
  VALUES (p_conversation, c.head_seq + 1, p_actor, p_text, p_op_key, p_reply_to, at)
  RETURNING * INTO m;
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
  RETURN parley_accepted(sent) || jsonb_build_object('events', sent || parley_unarchive(ARRAY[p_conversation]));
END $$;

-- Many sends in one statement and one commit, each with the outcome that parley_send_message would give it. The rules of
-- the writes (README.md) hold here too.
--
--   * Of one (actor, key) there is at most one send in a call; the caller sees to that.
--   * It is as if the sends came one after the other in the order of the arrays, but for those that are refused: these
--     count as having come first. A reply to a message that this very call makes is refused, then. They were all asked
--     for before any was answered, so every order is a right one, and a refusal changes nothing for the others.
--   * Sends to several conversations wait for nobody: those of a conversation that another transaction holds are answered
--     LOCKED, nothing is done for them, and the others are not delayed. Sends to one conversation wait for its lock.
--   * Keys are written in order, so that two calls with the same keys never wait for each other in a circle.
--   * Members' rows need no lock of their own: whoever changes one holds its conversation's row.
--
-- Answers one row for each send, in order: the outcome, and the numbers and the time of an accepted one (what else is in
-- its message the caller knows). Outcome null: the key is known, and `replayed` is what parley_replayed says of it.
-- After these, one row for each event on a personal stream that came of it: outcome BESIDES, the event in `replayed`. A
-- process of the former version reads no row after the sends' own.
--
-- The settings make its plan the same whatever the tables held when it was made: each row is found by an index, never by
-- reading a table or an index from end to end. LIMIT 1 keeps the planner from turning a look by key into a join.
CREATE OR REPLACE FUNCTION parley_send_messages(p_actors uuid[], p_conversations uuid[], p_op_keys text[], p_hashes bytea[],
  p_texts text[], p_replies int[])
RETURNS TABLE (outcome text, seq int, event_seq int, mark text, mark_before text, at_ms float8,
  replayed jsonb)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE held uuid[]; now timestamptz; log_xid xid8;
BEGIN
  IF p_conversations[1] = ALL (p_conversations) THEN
    PERFORM FROM conversations WHERE id = p_conversations[1] FOR NO KEY UPDATE;
    held := p_conversations[:1];
  ELSE
    held := ARRAY(SELECT id FROM conversations WHERE id = ANY (p_conversations) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  END IF;
  now := parley_now();
  log_xid := parley_xid();
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH decided AS (
    SELECT a.*, c.head_seq, c.head_event_seq, c.head_mark, greatest(m.last_read_seq, m.pending_read_seq) AS last_read_seq,
      greatest(now, c.last_activity_at) AS at,
      CASE
        WHEN c.id <> ALL (held) THEN 'LOCKED'
        WHEN used.yes OR retired.yes THEN NULL
        WHEN m.user_id IS NULL THEN 'NOT_FOUND'
        WHEN c.closed_at IS NOT NULL THEN 'CONVERSATION_CLOSED'
        WHEN a.reply_to NOT BETWEEN 1 AND c.head_seq THEN 'REPLY_NOT_FOUND'
        ELSE 'ACCEPTED'
      END AS outcome
    FROM unnest(p_actors, p_conversations, p_op_keys, p_hashes, p_texts, p_replies) WITH ORDINALITY
      AS a(actor, conversation, op_key, hash, text, reply_to, place)
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
    INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at, salt)
    SELECT conversation, seq, actor, text, op_key, reply_to, at, salt FROM numbered WHERE ok
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
  -- Apart from it, as both may write the sender's row.
  PERFORM parley_touch_activity(held);
  RETURN QUERY SELECT 'BESIDES', NULL::int, NULL::int, NULL::text, NULL::text, NULL::float8, event
    FROM jsonb_array_elements(parley_unarchive(held)) AS event;
END $$;

-- Brings conversations that got messages in this transaction back to the ACTIVE inbox of the members who had archived them:
-- docs/decisions/0036. Not of one who has muted it now, unless they sent one of these messages. What sends calls it last, for
-- conversations whose rows it holds; one in which nothing was accepted is passed over. Answers the events on these people's
-- personal streams, at most max_announced of them: more are left to the relay.
--
-- Members' rows first, then users by id. Nothing else is locked or written after that, and no key: who waits for a person
-- here has nothing that the one who holds it could wait for.
CREATE OR REPLACE FUNCTION parley_unarchive(p_conversations uuid[]) RETURNS jsonb LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
DECLARE
  max_announced CONSTANT int := 100;
  now timestamptz; log_xid xid8; people uuid[]; talks uuid[]; events jsonb;
BEGIN
  -- Nearly always all there is to do.
  PERFORM FROM members WHERE conversation_id = ANY (p_conversations) AND archived AND left_at IS NULL LIMIT 1;
  IF NOT FOUND THEN RETURN '[]'; END IF;
  now := parley_now();
  log_xid := parley_xid();
  WITH back AS (
    UPDATE members m SET archived = false
      FROM conversations c
     WHERE c.id = ANY (p_conversations) AND c.head_xid = log_xid
       AND m.conversation_id = c.id AND m.archived AND m.left_at IS NULL
       AND ((m.muted_until > now) IS NOT TRUE
         -- Their last message is of this transaction: all its events in the conversation are messages, without a gap.
         OR EXISTS (SELECT FROM events e WHERE e.stream_id = c.id AND e.seq = c.head_event_seq - (c.head_seq - m.last_sent_seq)
           AND e.xid = log_xid AND e.message_seq = m.last_sent_seq))
    RETURNING m.user_id, m.conversation_id
  )
  SELECT array_agg(user_id), array_agg(conversation_id) INTO people, talks FROM back;
  IF people IS NULL THEN RETURN '[]'; END IF;
  PERFORM FROM users WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
  -- A new statement: it sees where their streams ended when the locks were had.
  WITH numbered AS MATERIALIZED (
    SELECT b.person, b.talk, sent.actor_id AS actor, b.mark,
      u.head_event_seq + (row_number() OVER (PARTITION BY b.person ORDER BY b.talk))::int AS seq,
      coalesce(lag(b.mark) OVER (PARTITION BY b.person ORDER BY b.talk), u.head_mark) AS mark_before
    FROM (SELECT person, talk, parley_mark() AS mark FROM unnest(people, talks) AS came(person, talk)) AS b JOIN users u ON u.id = b.person
    JOIN conversations c ON c.id = b.talk JOIN events sent ON sent.stream_id = c.id AND sent.seq = c.head_event_seq
  ), heads AS (
    UPDATE users u SET head_event_seq = n.seq, head_mark = n.mark, head_xid = log_xid
      FROM (SELECT DISTINCT ON (person) person, seq, mark FROM numbered ORDER BY person, seq DESC) n
     WHERE u.id = n.person
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, actor_id, data, occurred_at, mark, mark_before, xid)
    SELECT person, seq, 'INBOX_ENTRY_CHANGED', actor, jsonb_build_object('conversationId', talk), now, mark,
        mark_before, log_xid
      FROM numbered
  )
  SELECT jsonb_agg(jsonb_build_object('streamId', person, 'seq', seq, 'type', 'INBOX_ENTRY_CHANGED', 'actorId', actor,
      'messageSeq', NULL, 'data', jsonb_build_object('conversationId', talk), 'occurredAt', now, 'mark', mark,
      'markBefore', mark_before, 'message', NULL) ORDER BY person, seq) INTO events
    FROM (SELECT * FROM numbered ORDER BY person, seq LIMIT max_announced) first;
  RETURN events;
END $$;
