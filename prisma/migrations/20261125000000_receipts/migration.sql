-- Receipts of larger conversations are gathered: docs/decisions/0017. The rules of 20261120000001_writes hold here too, but
-- for what follows.
--
-- From some number of members on (the server's setting) an advance of a read or delivered position does not lock the
-- conversation. It locks the member's own row alone and leaves what the others are to be told in it: pending_read_seq and
-- pending_delivered_seq are where last_read_seq and last_delivered_seq will be, pending_at is when the member got there,
-- and null when nothing waits. parley_flush_receipts moves them, and tells everybody of all of them in one event.
--
-- So it no longer holds that whoever changes a member's row has its conversation's row. What does:
--   * Lock order: conversations, then members, then users by id. Who locks several members' rows without their
--     conversation waits for none of them (SKIP LOCKED), as whoever has the conversation locks them in an order of its own.
--   * Without the conversation's row only own_read_seq and the pending ones are changed, and they only grow; never
--     last_read_seq, last_delivered_seq and last_sent_seq, never caught_up to true (a send that is not committed yet could
--     not set it to false again), and only while left_at is null.
--   * Statements that change a member's row under the conversation's lock compute from the row as it is when they get
--     it, or set a seq that is larger than all before it (sending).
--   * The seq of a row of `receipts` that is written without the conversation's lock is at most head_seq as it was
--     committed, and so never that of a message being sent. Only what was gathered and then not told, since read receipts
--     were switched off, can come again: ON CONFLICT DO NOTHING, so that the first time stays.
--
-- Who keeps read receipts off: last_read_seq is what others may see, so it stays where it is, no row of `receipts` is written,
-- and no event tells of an advance that others cannot see. Only own_read_seq moves, and the own devices are told.

-- AlterTable
ALTER TABLE "conversations" ADD COLUMN "receipts_due_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "members" ADD COLUMN "pending_at" TIMESTAMPTZ(3), ADD COLUMN "pending_delivered_seq" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "pending_read_seq" INTEGER NOT NULL DEFAULT 0;

-- What waits to be told.
CREATE INDEX "members_pending" ON "members" ("conversation_id", "user_id") WHERE "pending_at" IS NOT NULL;

-- Many advances in one statement and one commit, in conversations of at least p_gather_from members. Of one member there is
-- at most one in a call; the caller sees to that. p_reads has 0 for markDelivered, p_delivereds has 0 for markRead.
--
-- Answers one row for each, in order. LOCKED: somebody else has the member's row, SMALL: the conversation has fewer members;
-- nothing was done for these. event_seq is the number of the INBOX_ENTRY_CHANGED on the member's own stream, if there is one.
CREATE FUNCTION parley_advance_cursors(p_actors uuid[], p_conversations uuid[], p_reads int[], p_delivereds int[],
  p_gather_from int)
RETURNS TABLE (outcome text, last_read_seq int, last_delivered_seq int, unread_count int, event_seq int, at_ms float8)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE held bigint[]; now timestamptz;
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
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH asked AS (
    SELECT a.place, a.actor, a.conversation, m.user_id, m.own_read_seq, m.last_sent_seq, c.head_seq, c.member_count,
      u.head_event_seq, u.read_receipts_enabled AS tells, greatest(now, c.last_activity_at) AS at,
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
    SELECT *, outcome = 'ADVANCED' AS ok, outcome = 'ADVANCED' AND own_to > own_read_seq AS is_news FROM decided
  ), numbered AS MATERIALIZED (
    SELECT *, CASE WHEN is_news
        THEN head_event_seq + (row_number() OVER (PARTITION BY actor, is_news ORDER BY place))::int END AS event_seq
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
    UPDATE users u SET head_event_seq = n.upto
      FROM (SELECT actor, max(event_seq) AS upto FROM numbered WHERE is_news GROUP BY actor) n WHERE u.id = n.actor
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, actor_id, data, occurred_at)
    SELECT actor, event_seq, 'INBOX_ENTRY_CHANGED', actor, jsonb_build_object('conversationId', conversation), now
      FROM numbered WHERE is_news
  )
  SELECT outcome, own_to, delivered_to,
    CASE WHEN own_to >= head_seq THEN 0 ELSE parley_unread(conversation, actor, head_seq, own_to, last_sent_seq) END,
    event_seq, (extract(epoch FROM now) * 1000)::float8
  FROM numbered ORDER BY place;
END $$;

-- markRead (p_delivered 0) and markDelivered (p_read 0). A cursor only goes forward; what is past the head counts as the
-- head. With p_gather_from members or more the others are told later; `gathered` says that it is such a conversation.
CREATE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int, p_gather_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c conversations; me members; tells boolean; at timestamptz; events jsonb := '[]'; outcome text := 'UNCHANGED';
  read_before int; delivered_before int; read_to int; own_to int; delivered_to int; one record;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation;
  IF c.member_count >= p_gather_from THEN
    SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    IF one.outcome = 'LOCKED' THEN
      PERFORM FROM members WHERE conversation_id = p_conversation AND user_id = p_actor FOR NO KEY UPDATE;
      SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    END IF;
    IF one.event_seq IS NOT NULL THEN
      events := jsonb_build_array(jsonb_build_object('streamId', p_actor, 'seq', one.event_seq,
        'type', 'INBOX_ENTRY_CHANGED', 'actorId', p_actor, 'messageSeq', NULL,
        'data', jsonb_build_object('conversationId', p_conversation),
        'occurredAt', to_timestamp(one.at_ms / 1000), 'message', NULL));
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
      me.own_read_seq := own_to; delivered_before := delivered_to;
    END IF;
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', me.own_read_seq, 'lastDeliveredSeq', delivered_before,
    'unreadCount', parley_unread(p_conversation, p_actor, c.head_seq, me.own_read_seq, me.last_sent_seq), 'events', events);
END $$;

-- For processes of the former version: always at once.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_advance_cursor(p_actor, p_conversation, p_read, p_delivered, 2147483647);
$$;

-- Tells what waits: the conversations after p_after (null: from the first), in one event each, by one process at a time. No
-- conversation gets another one within p_pause_ms. Answers `next`, after which to go on, null at the end; and `left`,
-- conversations that somebody else had, or that have more than one event's worth: to be called for singly. Called with
-- p_conversation it waits for that one, and looks at no other.
CREATE FUNCTION parley_flush_receipts(p_conversation uuid, p_after uuid, p_pause_ms int) RETURNS jsonb
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
  now timestamptz := parley_now(); due uuid[]; held uuid[]; taken members[]; events jsonb;
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
    UPDATE conversations c SET head_event_seq = c.head_event_seq + 1, receipts_due_at = now + p_pause_ms * interval '1 millisecond'
      FROM told WHERE c.id = told.conversation_id RETURNING c.id, c.head_event_seq, told.data
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, data, occurred_at)
    SELECT id, head_event_seq, 'RECEIPT_ADVANCED', data, now FROM heads
  )
  SELECT jsonb_agg(jsonb_build_object('streamId', id, 'seq', head_event_seq, 'type', 'RECEIPT_ADVANCED', 'actorId', NULL,
    'messageSeq', NULL, 'data', data, 'occurredAt', now, 'message', NULL)) INTO events FROM heads;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'next', due[cardinality(due)],
    'left', to_jsonb(ARRAY(
      SELECT id FROM unnest(due) AS d(id) WHERE id <> ALL (held)
      UNION ALL SELECT conversation_id FROM unnest(taken) GROUP BY conversation_id HAVING count(*) >= max_receipts)),
    'events', coalesce(events, '[]'));
END $$;

-- Whether the conversation's policy still lets its sender change this message. What somebody has read in secret must not
-- be found out by trying to edit it.
CREATE OR REPLACE FUNCTION parley_editable(c conversations, m messages) RETURNS boolean LANGUAGE sql STABLE
RETURN CASE c.edit_policy
  WHEN 'ANYTIME' THEN true
  WHEN 'NEVER' THEN false
  WHEN 'WITHIN_15_MINUTES' THEN clock_timestamp() - m.created_at < interval '15 minutes'
  WHEN 'UNTIL_READ' THEN NOT EXISTS (
    SELECT FROM members o WHERE o.conversation_id = c.id AND o.user_id <> m.sender_id AND o.left_at IS NULL
      AND greatest(o.last_read_seq, o.pending_read_seq) >= m.seq
      AND (SELECT u.read_receipts_enabled FROM users u WHERE u.id = o.user_id))
END;

-- The functions of before, with a word about what waits. What a sender or one who leaves had waiting is told with that.

CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text, p_reply_to int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz;
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
  UPDATE conversations SET head_seq = c.head_seq + 1, head_event_seq = c.head_event_seq + 1, last_activity_at = at
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
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_SENT', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), m.seq, NULL, at, parley_message_json(m)));
END $$;

CREATE OR REPLACE FUNCTION parley_send_messages(p_actors uuid[], p_conversations uuid[], p_op_keys text[], p_hashes bytea[],
  p_texts text[], p_replies int[])
RETURNS TABLE (outcome text, seq int, event_seq int, at_ms float8, replayed jsonb)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE held uuid[]; now timestamptz;
BEGIN
  IF p_conversations[1] = ALL (p_conversations) THEN
    PERFORM FROM conversations WHERE id = p_conversations[1] FOR NO KEY UPDATE;
    held := p_conversations[:1];
  ELSE
    held := ARRAY(SELECT id FROM conversations WHERE id = ANY (p_conversations) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  END IF;
  now := parley_now();
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH decided AS (
    SELECT a.*, c.head_seq, c.head_event_seq, greatest(m.last_read_seq, m.pending_read_seq) AS last_read_seq,
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
    SELECT *, outcome IS NOT DISTINCT FROM 'ACCEPTED' AS ok,
      (row_number() OVER (PARTITION BY conversation, outcome ORDER BY place))::int AS nth,
      lead(place) OVER (PARTITION BY conversation, outcome ORDER BY place) IS NULL AS is_last
    FROM decided
  ), numbered AS MATERIALIZED (
    SELECT *, head_seq + nth AS seq, head_event_seq + nth AS event_seq, gen_random_uuid() AS salt,
      head_seq + lag(nth) OVER (PARTITION BY conversation, outcome, actor ORDER BY place) AS sent_before,
      lead(nth) OVER (PARTITION BY conversation, outcome, actor ORDER BY place) IS NULL AS is_last_of_actor
    FROM counted
  ), heads AS (
    UPDATE conversations c SET head_seq = n.seq, head_event_seq = n.event_seq, last_activity_at = n.at
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
    INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, occurred_at)
    SELECT conversation, event_seq, 'MESSAGE_SENT', actor, op_key, parley_salted(hash, salt), seq, at
      FROM numbered WHERE ok ORDER BY actor, op_key
  )
  SELECT outcome, seq, event_seq, (extract(epoch FROM at) * 1000)::float8,
    CASE WHEN outcome IS NULL THEN parley_replayed(actor, op_key, hash) END
  FROM numbered ORDER BY place;
  -- Apart from it, as both may write the sender's row.
  PERFORM parley_touch_activity(held);
END $$;

CREATE OR REPLACE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE was member_role; heir uuid; events jsonb;
BEGIN
  SELECT role INTO was FROM members WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE members SET left_at = parley_now(), role = 'MEMBER', inbox_at = NULL, caught_up = false,
    pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
   WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE conversations SET member_count = member_count - 1 WHERE id = p_conversation;
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'MEMBER_LEFT', p_actor, jsonb_build_object('userId', p_user)));
  IF was = 'OWNER' THEN
    UPDATE members SET role = 'OWNER' WHERE conversation_id = p_conversation AND user_id = (
      SELECT user_id FROM members WHERE conversation_id = p_conversation AND left_at IS NULL
       ORDER BY role = 'ADMIN' DESC, joined_at, user_id LIMIT 1)
    RETURNING user_id INTO heir;
    IF heir IS NOT NULL THEN
      events := events || parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL);
    END IF;
  END IF;
  RETURN events;
END $$;
