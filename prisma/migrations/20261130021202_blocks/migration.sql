-- CreateTable
CREATE TABLE "blocks" (
    "blocker_id" UUID NOT NULL,
    "blocked_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "blocks_pkey" PRIMARY KEY ("blocker_id","blocked_id")
);

-- CreateIndex
CREATE INDEX "blocks_blocked_id_idx" ON "blocks"("blocked_id");

-- CreateIndex
CREATE INDEX "blocks_blocker_id_created_at_blocked_id_idx" ON "blocks"("blocker_id", "created_at", "blocked_id");

-- AddForeignKey
ALTER TABLE "blocks" ADD CONSTRAINT "blocks_blocker_id_fkey" FOREIGN KEY ("blocker_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "blocks" ADD CONSTRAINT "blocks_blocked_id_fkey" FOREIGN KEY ("blocked_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Functions as prisma/functions has them (npm run migration:functions).

-- People who are members already do not change. A person who joins (again) has no unread messages, and sees of the history
-- what the group's visibility lets them see now; what they cleared themselves stays cleared.
CREATE OR REPLACE FUNCTION parley_add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; bound int := 0; u uuid; added uuid[]; events jsonb := '[]'; head int;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'ADD') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF NOT parley_all_exist(p_users) THEN RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND'); END IF;
  added := ARRAY(SELECT DISTINCT x FROM unnest(p_users) x WHERE NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x AND left_at IS NULL) ORDER BY 1);
  IF EXISTS (SELECT FROM blocks WHERE blocked_id = p_actor AND blocker_id = ANY (added)) THEN
    RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND');
  END IF;
  IF c.member_count + cardinality(added) > p_limit THEN RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS'); END IF;
  head := c.head_event_seq;
  IF c.history_visibility = 'SINCE_JOINED' THEN bound := c.head_seq; END IF;
  FOREACH u IN ARRAY added LOOP
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq,
      history_from_seq)
    VALUES (p_conversation, u, c.head_seq, c.head_seq, c.head_seq, parley_now(), head, bound)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false, hidden = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq,
      history_from_seq = greatest(excluded.history_from_seq, members.cleared_seq);
    events := events || parley_conversation_event(p_conversation, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', u));
    head := head + 1;
  END LOOP;
  UPDATE conversations SET member_count = member_count + cardinality(added),
    history_bound_seq = CASE WHEN cardinality(added) > 0 THEN greatest(history_bound_seq, bound) ELSE history_bound_seq END
   WHERE id = p_conversation;
  -- The personal event names the place in the conversation's stream just before the first of these joins.
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    events || parley_inbox_events(added, p_conversation, p_actor, jsonb_build_object('joinedEventSeq', c.head_event_seq)));
END $$;

-- markRead (p_delivered 0) and markDelivered (p_read 0). Positions only move forward; a seq past the head counts as the
-- head. With p_gather_from members or more (but never in a support conversation, whose queue follows at once) the others are told later; `gathered` is then true.
-- Between two people of whom one blocked the other nothing is told of what was read.
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
  SELECT read_receipts_enabled AND NOT (c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key)) INTO tells FROM users WHERE id = p_actor;
  read_before := greatest(me.last_read_seq, me.pending_read_seq);
  delivered_before := greatest(me.last_delivered_seq, me.pending_delivered_seq);
  -- Without a lock where nothing can change: cursors only grow, but for the viewer's own hand.
  IF p_read > me.own_read_seq OR greatest(p_read, p_delivered) > delivered_before OR tells AND p_read > read_before THEN
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
    SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    SELECT read_receipts_enabled AND NOT (c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key)) INTO tells FROM users WHERE id = p_actor;
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

-- The first step of an erasure: nothing shows any more who the person was or when they were online, and nobody can log in
-- as them. Not known: there is no such person. Returns the sessions that ended. The credentials are deleted first, in the
-- same order as a login locks them.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
  -- Before the person's row, as a send locks them. What is attached to a message goes with it.
  PERFORM parley_drop_attachments(ARRAY(SELECT id FROM attachments WHERE uploader_id = p_user AND conversation_id IS NULL));
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  DELETE FROM blocks WHERE blocker_id = p_user OR blocked_id = p_user;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
END $$;

-- Blocks a person, or no longer does. Only the actor's own devices are told. The direct conversation of the two is locked, so
-- that a send that is under way comes before, and none after. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_block_user(p_actor uuid, p_user uuid, p_blocked boolean, p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE head int; mark_before text; new_mark text; log_xid xid8 := parley_xid();
BEGIN
  PERFORM FROM conversations
    WHERE pair_key = least(p_actor, p_user)::text || ':' || greatest(p_actor, p_user)::text FOR NO KEY UPDATE;
  PERFORM FROM users WHERE id IN (p_actor, p_user) ORDER BY id FOR NO KEY UPDATE;
  IF p_blocked AND NOT parley_all_exist(ARRAY[p_user]) OR NOT EXISTS (SELECT FROM users WHERE id = p_user) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  IF p_blocked THEN
    IF p_limit <= (SELECT count(*) FROM blocks WHERE blocker_id = p_actor)
      AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_user) THEN
      RETURN jsonb_build_object('outcome', 'TOO_MANY_BLOCKS');
    END IF;
    INSERT INTO blocks (blocker_id, blocked_id, created_at) VALUES (p_actor, p_user, parley_now()) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_user;
  END IF;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  new_mark := parley_mark();
  SELECT head_mark INTO mark_before FROM users WHERE id = p_actor;
  UPDATE users SET head_event_seq = head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_actor RETURNING head_event_seq INTO head;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', jsonb_build_array(parley_event(p_actor, head, 'BLOCK_CHANGED', p_actor,
    NULL, NULL, NULL, jsonb_build_object('userId', p_user, 'blocked', p_blocked), parley_now(), NULL, new_mark, mark_before, log_xid)));
END $$;

CREATE OR REPLACE FUNCTION parley_create_group(p_actor uuid, p_new_id uuid, p_title text, p_policy edit_policy, p_members uuid[],
  p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  replayed jsonb; at timestamptz := parley_now(); events jsonb; own jsonb;
  everyone uuid[] := ARRAY(SELECT DISTINCT unnest(p_members || p_actor) ORDER BY 1);
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN
    RETURN replayed || jsonb_build_object('conversationId', replayed->'data'->'conversationId');
  END IF;
  -- Who blocked the actor is added by them to nothing.
  IF NOT parley_all_exist(everyone) OR EXISTS (SELECT FROM blocks WHERE blocked_id = p_actor AND blocker_id = ANY (everyone)) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  INSERT INTO conversations (id, kind, title, edit_policy, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'GROUP', p_title, p_policy, cardinality(everyone), at, at);
  INSERT INTO members (conversation_id, user_id, role, joined_at)
  SELECT p_new_id, u, CASE WHEN u = p_actor THEN 'OWNER' ELSE 'MEMBER' END::member_role, at FROM unnest(everyone) u;
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  events := parley_inbox_events(everyone, p_new_id, p_actor, '{"joinedEventSeq": 0}', p_op_key, p_hash);
  SELECT e INTO own FROM jsonb_array_elements(events) e WHERE e->>'streamId' = p_actor::text;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id, 'streamId', own->'streamId',
    'eventSeq', own->'seq', 'events', events);
END $$;

-- p_mention_ids: null leaves the mentions as they are, an empty list takes them away. The former text stays in
-- message_revisions, of which a message has at most 100.
CREATE OR REPLACE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int, p_mention_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m messages; history_from int; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT history_from_seq INTO history_from FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > history_from;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- An edit brings a text to the other person as a message does.
  IF m.sender_id <> p_actor OR c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key) THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  PERFORM parley_await_reads(c);
  IF NOT parley_editable(c, m) THEN RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy); END IF;
  IF p_expected_revision IS NOT NULL AND p_expected_revision <> m.revision THEN
    RETURN jsonb_build_object('outcome', 'REVISION_CONFLICT', 'eventSeq', c.head_event_seq, 'mark', c.head_mark,
      'message', parley_message_json(m));
  END IF;
  IF parley_extras_refused(p_actor, p_conversation, p_mention_ids, false, NULL, m.mention_ids) IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'MENTION_NOT_MEMBER');
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  INSERT INTO message_revisions (conversation_id, message_seq, revision, text, edited_at)
  VALUES (p_conversation, p_seq, m.revision, coalesce(m.text, ''), coalesce(m.edited_at, m.created_at));
  DELETE FROM message_revisions WHERE conversation_id = p_conversation AND message_seq = p_seq
    AND revision <= m.revision - 100;
  IF p_mention_ids IS NOT NULL THEN
    DELETE FROM mentions WHERE conversation_id = p_conversation AND message_seq = p_seq;
    m.mention_ids := nullif(p_mention_ids, '{}');
    PERFORM parley_store_extras(p_actor, p_conversation, p_seq, m.mention_ids, m.mentions_everyone, NULL);
  END IF;
  UPDATE messages SET text = p_text, revision = m.revision + 1, edited_at = at, mention_ids = m.mention_ids
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_EDITED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- For processes of the former version: the mentions stay.
CREATE OR REPLACE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_edit_message(p_actor, p_conversation, p_seq, p_op_key, p_hash, p_text, p_expected_revision, NULL);
$$;

-- Whether one of the two people of a direct conversation has blocked the other; p_pair is its pair_key, null for other kinds.
CREATE OR REPLACE FUNCTION parley_pair_blocked(p_pair text) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM blocks WHERE blocker_id = left(p_pair, 36)::uuid AND blocked_id = right(p_pair, 36)::uuid)
  OR EXISTS (SELECT FROM blocks WHERE blocker_id = right(p_pair, 36)::uuid AND blocked_id = left(p_pair, 36)::uuid);

-- p_mention_ids and p_attachment_ids: null when there are none, else without duplicates.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text,
  p_reply_to int, p_mention_ids uuid[], p_mention_everyone boolean, p_attachment_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; sent jsonb; besides jsonb; refusal text;
  refused jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.closed_at IS NOT NULL OR c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key) THEN RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED'); END IF;
  IF p_reply_to IS NOT NULL AND (p_reply_to <= me.history_from_seq OR p_reply_to > c.head_seq) THEN
    RETURN jsonb_build_object('outcome', 'REPLY_NOT_FOUND');
  END IF;
  IF p_mention_ids IS NOT NULL OR p_mention_everyone THEN
    refusal := parley_extras_refused(p_actor, p_conversation, p_mention_ids, p_mention_everyone, NULL);
    IF refusal IS NOT NULL THEN RETURN jsonb_build_object('outcome', refusal); END IF;
  END IF;
  IF p_attachment_ids IS NOT NULL THEN
    refused := parley_attachments_refused(p_actor, p_attachment_ids);
    IF refused IS NOT NULL THEN RETURN refused; END IF;
  END IF;
  -- Never before the message that precedes it, whatever the clock did.
  at := greatest(parley_now(), c.last_activity_at);
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_seq = c.head_seq + 1, head_event_seq = c.head_event_seq + 1, head_mark = new_mark,
    head_xid = log_xid, last_activity_at = at
   WHERE id = p_conversation;
  INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at,
    mention_ids, mentions_everyone, attachment_count)
  VALUES (p_conversation, c.head_seq + 1, p_actor, p_text, p_op_key, p_reply_to, at, p_mention_ids, coalesce(p_mention_everyone, false),
    coalesce(cardinality(p_attachment_ids), 0))
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
-- { mentionIds, mentionEveryone, attachmentIds }, lists without duplicates, null when empty. A send with attachments is refused
-- here: it is a call of parley_send_message.
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
        WHEN c.closed_at IS NOT NULL OR c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key) THEN 'CONVERSATION_CLOSED'
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

CREATE OR REPLACE FUNCTION parley_start_direct(p_actor uuid, p_peer uuid, p_new_id uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  pair text := least(p_actor, p_peer)::text || ':' || greatest(p_actor, p_peer)::text;
  conversation uuid;
BEGIN
  IF NOT parley_all_exist(ARRAY[p_actor, p_peer]) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- Whoever is blocked gets the answer of a person who is not there, whether or not they wrote to one another before.
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', '[]'::jsonb);
  END IF;
  -- Under the locks that a block takes: of the two, one comes first.
  PERFORM FROM users WHERE id IN (p_actor, p_peer) ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_peer) THEN
    RETURN jsonb_build_object('outcome', 'BLOCKED_BY_ACTOR');
  END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  INSERT INTO conversations (id, kind, pair_key, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'DIRECT', pair, 2, parley_now(), parley_now())
  ON CONFLICT (pair_key) DO NOTHING RETURNING id INTO conversation;
  IF NOT FOUND THEN
    -- The peer's own request won the race; ON CONFLICT waited for its commit.
    SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', '[]'::jsonb);
  END IF;
  INSERT INTO members (conversation_id, user_id, joined_at)
  VALUES (p_new_id, p_actor, parley_now()), (p_new_id, p_peer, parley_now());
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id,
    'events', parley_inbox_events(ARRAY[p_actor, p_peer], p_new_id, p_actor, '{"joinedEventSeq": 0}'));
END $$;

-- What is as it should be already is accepted and appends nothing: each event is a change. It is no activity: the
-- conversation's time, its members' places in the inbox and what they have read stay.
CREATE OR REPLACE FUNCTION parley_toggle_reaction(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea,
  p_emoji text, p_on boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  max_kinds CONSTANT int := 20;
  c conversations; m messages; history_from int; k reaction_kinds; replayed jsonb; had boolean; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  -- Whoever was erased stays in a direct conversation, and must leave nothing there any more.
  SELECT history_from_seq INTO history_from FROM members
   WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL AND erased_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > history_from;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF p_on AND c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key) THEN
    RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED');
  END IF;
  SELECT * INTO k FROM reaction_kinds WHERE conversation_id = p_conversation AND message_seq = p_seq AND emoji = p_emoji;
  had := EXISTS (SELECT FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor
    AND kind = k.kind);
  IF had = p_on THEN
    PERFORM parley_keep_op_key(c, p_actor, p_op_key, parley_salted(p_hash, m.salt), p_seq);
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_conversation, 'eventSeq', c.head_event_seq,
      'mark', c.head_mark, 'message', parley_message_json(m), 'events', '[]'::jsonb);
  END IF;
  IF p_on AND k.since_event_seq IS NULL AND max_kinds <= (SELECT count(*) FROM reaction_kinds
    WHERE conversation_id = p_conversation AND message_seq = p_seq AND since_event_seq IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_REACTIONS');
  END IF;
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  IF k.kind IS NULL THEN
    INSERT INTO reaction_kinds (conversation_id, message_seq, kind, emoji)
    SELECT p_conversation, p_seq, 1 + coalesce(max(kind), 0), p_emoji FROM reaction_kinds
     WHERE conversation_id = p_conversation AND message_seq = p_seq
    RETURNING * INTO k;
  END IF;
  UPDATE reaction_kinds SET count = k.count + CASE WHEN p_on THEN 1 ELSE -1 END,
    since_event_seq = CASE WHEN p_on THEN coalesce(k.since_event_seq, c.head_event_seq + 1)
      WHEN k.count > 1 THEN k.since_event_seq END
   WHERE conversation_id = p_conversation AND message_seq = p_seq AND kind = k.kind;
  IF p_on THEN
    INSERT INTO reactions (conversation_id, message_seq, user_id, kind, event_seq)
    VALUES (p_conversation, p_seq, p_actor, k.kind, c.head_event_seq + 1);
  ELSE
    DELETE FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor AND kind = k.kind;
  END IF;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'REACTION_TOGGLED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, jsonb_build_object('kind', k.kind, 'on', p_on), parley_now(),
    parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- The one table of who may do what in a conversation: docs/protocol.md shows it. The owner may do everything. ADD, REMOVE,
-- RENAME, PIN, DELETE_OTHERS and MENTION_EVERYONE are the admins' too, and a group can let plain members do any of them
-- (conversations.member_permissions). Everything else, as PROMOTE, SET_POLICY, SET_HISTORY, SET_PERMISSIONS, TRANSFER and
-- DELETE_CONVERSATION, is the owner's alone. Nobody may do any of it in a closed
-- conversation, or in a direct one of which one has blocked the other, and who is no member (a row
-- of nulls) may nothing.
CREATE OR REPLACE FUNCTION parley_may(c conversations, me members, p_right text) RETURNS boolean LANGUAGE sql STABLE
RETURN c.closed_at IS NULL AND me.user_id IS NOT NULL AND me.left_at IS NULL AND CASE c.kind::text
  WHEN 'GROUP' THEN CASE me.role
    WHEN 'OWNER' THEN true
    WHEN 'ADMIN' THEN p_right = ANY ('{ADD,REMOVE,RENAME,PIN,DELETE_OTHERS,MENTION_EVERYONE}'::text[])
    ELSE p_right = ANY (c.member_permissions) END
  WHEN 'DIRECT' THEN p_right = 'PIN' AND NOT parley_pair_blocked(c.pair_key)
  ELSE false END;
