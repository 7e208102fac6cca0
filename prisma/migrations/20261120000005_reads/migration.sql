-- The inbox without sorting all of a person's conversations, and without a row for each member of a large group at each
-- message: docs/decisions/0013.
--
-- In a small conversation each member's row has the conversation's place in their inbox, at most a second behind:
--   inbox_at <= conversations.last_activity_at < inbox_at + 1 s
-- A page takes the rows of the page and of one second more, and sorts those by the real time. A null inbox_at says nothing;
-- members of a large group have it, and such conversations are looked up and merged when the inbox is read.
--
-- caught_up says that own_read_seq is the conversation's head_seq: nothing is unread. False says nothing.

-- AlterTable
ALTER TABLE "conversations" ADD COLUMN "inbox_due_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "members" ADD COLUMN "caught_up" BOOLEAN NOT NULL DEFAULT false, ADD COLUMN "inbox_at" TIMESTAMPTZ(3);

UPDATE members m SET inbox_at = c.last_activity_at, caught_up = m.own_read_seq >= c.head_seq
  FROM conversations c WHERE c.id = m.conversation_id AND m.left_at IS NULL AND c.member_count <= 50;
UPDATE conversations SET inbox_due_at = last_activity_at + interval '1 second' WHERE member_count <= 50;

-- The inbox of a person; and their conversations in any order.
CREATE INDEX "members_inbox" ON "members" ("user_id", "archived", "pinned", "inbox_at") WHERE "left_at" IS NULL;
CREATE INDEX "members_not_caught_up" ON "members" ("user_id") WHERE "left_at" IS NULL AND NOT "caught_up";
DROP INDEX "members_active_by_user";

-- Who has read a message, in the order of reading.
-- CreateIndex
CREATE INDEX "receipts_conversation_id_read_at_user_id_idx" ON "receipts"("conversation_id", "read_at", "user_id");

-- Brings the members' rows up to date. Whatever moves head_seq or last_activity_at calls it afterwards, in the same
-- transaction, which holds the conversations' rows. Once a second at most it costs a row for each member of a small
-- conversation; else one for each who had read everything. inbox_due_at is the time from which that is due again, and null
-- while the members' rows have no place.
CREATE FUNCTION parley_touch_activity(p_conversations uuid[]) RETURNS void LANGUAGE plpgsql
-- One conversation or fifty: the plan is the same, and making it anew took longer than running it.
SET plan_cache_mode = force_generic_plan AS $$
DECLARE small CONSTANT int := 50; due uuid[]; listed uuid[]; grown uuid[];
BEGIN
  SELECT array_agg(id) FILTER (WHERE member_count <= small),
         array_agg(id) FILTER (WHERE member_count <= small AND coalesce(last_activity_at >= inbox_due_at, true)),
         array_agg(id) FILTER (WHERE member_count > small)
    INTO listed, due, grown
    FROM conversations WHERE id = ANY (p_conversations) AND (member_count <= small OR inbox_due_at IS NOT NULL);
  IF listed IS NULL AND grown IS NULL THEN RETURN; END IF;
  IF due IS NOT NULL THEN
    UPDATE conversations SET inbox_due_at = last_activity_at + interval '1 second' WHERE id = ANY (due);
    UPDATE members m SET inbox_at = c.last_activity_at, caught_up = m.own_read_seq >= c.head_seq
      FROM conversations c WHERE c.id = ANY (due) AND m.conversation_id = c.id AND m.left_at IS NULL;
  END IF;
  -- For those that were not due.
  UPDATE members m SET caught_up = false
    FROM conversations c WHERE c.id = ANY (listed) AND m.conversation_id = c.id AND m.caught_up AND m.own_read_seq < c.head_seq;
  -- Too large by now.
  IF grown IS NOT NULL THEN
    UPDATE conversations SET inbox_due_at = NULL WHERE id = ANY (grown);
    UPDATE members SET inbox_at = NULL, caught_up = false
     WHERE conversation_id = ANY (grown) AND (inbox_at IS NOT NULL OR caught_up);
  END IF;
END $$;

-- The functions of before, each with a word about the inbox.

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
  IF me.last_read_seq < c.head_seq THEN
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, m.seq, at);
  END IF;
  UPDATE members SET last_read_seq = m.seq, own_read_seq = m.seq, last_delivered_seq = m.seq, last_sent_seq = m.seq
   WHERE conversation_id = p_conversation AND user_id = p_actor;
  PERFORM parley_touch_activity(ARRAY[p_conversation]);
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_SENT', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), m.seq, NULL, at, parley_message_json(m)));
END $$;

CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c conversations; me members; at timestamptz := parley_now(); events jsonb := '[]'; outcome text := 'UNCHANGED';
  read_to int; own_to int; delivered_to int;
BEGIN
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- Without a lock where nothing can change: cursors only grow, but for the viewer's own hand.
  IF p_read > me.own_read_seq OR greatest(p_read, p_delivered) > me.last_delivered_seq THEN
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
    SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    -- Never before the messages that are read, whatever the clock did.
    at := greatest(parley_now(), c.last_activity_at);
    own_to := greatest(me.own_read_seq, least(p_read, c.head_seq));
    read_to := greatest(me.last_read_seq, own_to);
    delivered_to := greatest(me.last_delivered_seq, least(p_delivered, c.head_seq), read_to);
    IF own_to > me.own_read_seq OR delivered_to > me.last_delivered_seq THEN
      outcome := 'ADVANCED';
      UPDATE members SET own_read_seq = own_to, last_read_seq = read_to, last_delivered_seq = delivered_to,
        caught_up = c.inbox_due_at IS NOT NULL AND own_to >= c.head_seq
       WHERE conversation_id = p_conversation AND user_id = p_actor;
      IF read_to > me.last_read_seq THEN
        INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, read_to, at);
      END IF;
      IF read_to > me.last_read_seq OR delivered_to > me.last_delivered_seq THEN
        events := jsonb_build_array(parley_conversation_event(p_conversation, 'RECEIPT_ADVANCED', p_actor, jsonb_build_object(
          'receipts', jsonb_build_array(jsonb_build_object(
            'userId', p_actor, 'lastReadSeq', read_to, 'lastDeliveredSeq', delivered_to, 'at', at)))));
      ELSE
        -- Read again what had been marked unread by hand: the others saw no change, the own devices do.
        events := parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}');
      END IF;
      me.own_read_seq := own_to; me.last_delivered_seq := delivered_to;
    END IF;
  ELSE
    SELECT * INTO c FROM conversations WHERE id = p_conversation;
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', me.own_read_seq, 'lastDeliveredSeq', me.last_delivered_seq,
    'unreadCount', parley_unread(p_conversation, p_actor, c.head_seq, me.own_read_seq, me.last_sent_seq), 'events', events);
END $$;

CREATE OR REPLACE FUNCTION parley_update_entry(p_actor uuid, p_conversation uuid, p_set_muted boolean, p_muted_until timestamptz,
  p_archived boolean, p_pinned boolean, p_unread_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members;
BEGIN
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

CREATE OR REPLACE FUNCTION parley_start_direct(p_actor uuid, p_peer uuid, p_new_id uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  pair text := least(p_actor, p_peer)::text || ':' || greatest(p_actor, p_peer)::text;
  conversation uuid;
BEGIN
  IF NOT parley_all_exist(ARRAY[p_actor, p_peer]) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', '[]'::jsonb);
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
  IF NOT parley_all_exist(everyone) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
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

CREATE OR REPLACE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE was member_role; heir uuid; events jsonb;
BEGIN
  SELECT role INTO was FROM members WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE members SET left_at = parley_now(), role = 'MEMBER', inbox_at = NULL, caught_up = false
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
