-- Functions as prisma/functions has them (npm run migration:functions).

-- People who are members already stay as they are. Who comes (back) has nothing unread.
CREATE OR REPLACE FUNCTION parley_add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; my_role member_role; u uuid; added uuid[]; events jsonb := '[]'; head int;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT role INTO my_role FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF my_role IS NULL THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' OR my_role = 'MEMBER' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF NOT parley_all_exist(p_users) THEN RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND'); END IF;
  added := ARRAY(SELECT DISTINCT x FROM unnest(p_users) x WHERE NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x AND left_at IS NULL) ORDER BY 1);
  IF c.member_count + cardinality(added) > p_limit THEN RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS'); END IF;
  head := c.head_event_seq;
  FOREACH u IN ARRAY added LOOP
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq)
    VALUES (p_conversation, u, c.head_seq, c.head_seq, c.head_seq, parley_now(), head)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq;
    events := events || parley_conversation_event(p_conversation, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', u));
    head := head + 1;
  END LOOP;
  UPDATE conversations SET member_count = member_count + cardinality(added) WHERE id = p_conversation;
  -- The personal event names the place in the conversation's stream just before the first of these joins.
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    events || parley_inbox_events(added, p_conversation, p_actor, jsonb_build_object('joinedEventSeq', c.head_event_seq)));
END $$;

-- markRead (p_delivered 0) and markDelivered (p_read 0). A cursor only goes forward; what is past the head counts as the
-- head. With p_gather_from members or more the others are told later; `gathered` says that it is such a conversation.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int, p_gather_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c conversations; me members; tells boolean; at timestamptz; events jsonb := '[]'; outcome text := 'UNCHANGED';
  read_before int; delivered_before int; read_to int; own_to int; delivered_to int; one record;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
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
        'occurredAt', to_timestamp(one.at_ms / 1000), 'mark', one.mark, 'message', NULL));
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

-- The sender within the edit policy; owners and admins of a group at any time.
CREATE OR REPLACE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
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
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
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

-- Whether somebody is in a conversation now. Asked before its row is locked: whoever is not in it neither waits for those who
-- are nor learns by waiting that it exists. Who comes to be in it at this very moment counts as not in it yet.
CREATE OR REPLACE FUNCTION parley_is_member(p_actor uuid, p_conversation uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL);

-- Removal by another, or leaving when p_user is the actor.
CREATE OR REPLACE FUNCTION parley_remove_member(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; my_role member_role; target members; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT role INTO my_role FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF my_role IS NULL THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO target FROM members WHERE conversation_id = p_conversation AND user_id = p_user AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', CASE WHEN my_role = 'MEMBER' THEN 'FORBIDDEN' ELSE 'USER_NOT_FOUND' END); END IF;
  IF p_user <> p_actor AND (my_role = 'MEMBER' OR (my_role = 'ADMIN' AND target.role <> 'MEMBER')) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  events := parley_end_membership(p_actor, p_conversation, p_user);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events || parley_inbox_events(ARRAY[p_user], p_conversation, p_actor,
    jsonb_build_object('left', true, 'leftEventSeq', events->0->'seq')));
END $$;

CREATE OR REPLACE FUNCTION parley_rename_conversation(p_actor uuid, p_conversation uuid, p_title text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; my_role member_role;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT role INTO my_role FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF my_role IS NULL THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' OR my_role = 'MEMBER' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF c.title IS NOT DISTINCT FROM p_title THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE conversations SET title = p_title WHERE id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;

CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text, p_reply_to int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; sent jsonb;
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
--     LOCKED, nothing is done for them, and the others are not delayed. Sends to one conversation, all by members, wait for its
--     lock.
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
DECLARE asked uuid[]; held uuid[]; now timestamptz; log_xid xid8;
BEGIN
  -- Nobody waits for a conversation that they are not in, nor holds up others by a lock on it.
  asked := ARRAY(SELECT DISTINCT conversation FROM unnest(p_actors, p_conversations) AS a(actor, conversation)
    WHERE parley_is_member(actor, conversation));
  IF p_conversations[1] = ALL (p_conversations) AND NOT EXISTS (SELECT FROM unnest(p_actors) AS a(actor)
    WHERE NOT parley_is_member(actor, p_conversations[1])) THEN
    held := ARRAY(SELECT id FROM conversations WHERE id = p_conversations[1] FOR NO KEY UPDATE);
  ELSE
    held := ARRAY(SELECT id FROM conversations WHERE id = ANY (asked) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  END IF;
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

-- p_muted_until counts only with p_set_muted: null is a value there.
CREATE OR REPLACE FUNCTION parley_update_entry(p_actor uuid, p_conversation uuid, p_set_muted boolean, p_muted_until timestamptz,
  p_archived boolean, p_pinned boolean, p_unread_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  UPDATE members SET
    muted_until = CASE WHEN p_set_muted THEN p_muted_until ELSE muted_until END,
    archived = coalesce(p_archived, archived),
    pinned = coalesce(p_pinned, pinned),
    own_read_seq = least(own_read_seq, coalesce(p_unread_from - 1, own_read_seq)),
    caught_up = caught_up AND p_unread_from IS NULL
  WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'));
END $$;
