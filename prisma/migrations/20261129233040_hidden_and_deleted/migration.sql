-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "deleted_by_id" UUID,
ADD COLUMN     "texts_left_seq" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "members" ADD COLUMN     "hidden" BOOLEAN NOT NULL DEFAULT false;

-- Deleted conversations of which texts are left.
CREATE INDEX "conversations_texts_left" ON "conversations" ("id") WHERE texts_left_seq > 0;

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

-- The owner deletes a group: it is closed for all who are in it, and all its messages become tombstones. The newest ones, up
-- to p_stretch, in this transaction; parley_delete_texts does the others.
CREATE OR REPLACE FUNCTION parley_delete_conversation(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_stretch int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'DELETE_CONVERSATION') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET closed_at = at, deleted_at = at, deleted_by_id = p_actor, texts_left_seq = c.head_seq,
    head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  PERFORM parley_delete_texts(p_conversation, p_stretch);
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'CONVERSATION_UPDATED', p_actor, p_op_key, p_hash,
    NULL, '{"deleted": true}', at, NULL, new_mark, c.head_mark, log_xid));
END $$;

-- Turns the newest p_stretch of the messages that still have their texts in a deleted conversation into tombstones. Returns
-- the seq up to which there may be others; 0 when it is done.
CREATE OR REPLACE FUNCTION parley_delete_texts(p_conversation uuid, p_stretch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE c conversations; after_seq int; nothing text;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND texts_left_seq > 0 FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 0; END IF;
  after_seq := greatest(c.texts_left_seq - p_stretch, 0);
  WITH deleted AS (
    UPDATE messages SET text = NULL, salt = NULL, mention_ids = NULL, mentions_everyone = false, deleted_at = c.deleted_at,
      deleted_by_id = c.deleted_by_id
     WHERE conversation_id = p_conversation AND seq > after_seq AND seq <= c.texts_left_seq AND deleted_at IS NULL
    RETURNING seq)
  SELECT parley_clear_messages(p_conversation, ARRAY(SELECT seq FROM deleted)) INTO nothing;
  UPDATE conversations SET texts_left_seq = after_seq WHERE id = p_conversation;
  RETURN after_seq;
END $$;

-- Takes a conversation out of the actor's inbox until the next message (parley_unarchive brings it back), and with p_clear
-- withholds the messages up to here from them for good. A hidden entry is archived too, so that nothing else has to look for
-- it; parley_update_entry takes it back.
CREATE OR REPLACE FUNCTION parley_hide_conversation(p_actor uuid, p_conversation uuid, p_clear boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; cleared boolean;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  cleared := p_clear AND me.cleared_seq < c.head_seq;
  IF me.hidden AND NOT cleared THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE members SET hidden = true, archived = true, pinned = false WHERE conversation_id = p_conversation AND user_id = p_actor;
  IF cleared THEN
    -- Only their own devices learn that nothing is unread: the others are not told that they read it.
    UPDATE members SET history_from_seq = c.head_seq, cleared_seq = c.head_seq, own_read_seq = c.head_seq,
      caught_up = c.inbox_due_at IS NOT NULL
     WHERE conversation_id = p_conversation AND user_id = p_actor;
    UPDATE conversations SET history_bound_seq = c.head_seq WHERE id = p_conversation;
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor,
    CASE WHEN cleared THEN jsonb_build_object('historyFromSeq', c.head_seq) ELSE '{}' END));
END $$;

-- Brings conversations that got messages in this transaction back to the ACTIVE inbox of members who had archived them:
-- docs/decisions/0036. Not for a member who has muted it now, unless they sent one of these messages; what they have hidden
-- comes back in any case. Sending functions
-- call it last, for conversations whose rows they hold; a conversation without an accepted message is skipped. Returns the
-- events on these people's personal streams, at most max_announced of them: the relay finds the others.
--
-- Locks members' rows first, then users by id. Nothing else is locked or written after that, and no key: so a transaction
-- that waits for a person here holds nothing that the other one could wait for.
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
    UPDATE members m SET archived = false, hidden = false
      FROM conversations c
     WHERE c.id = ANY (p_conversations) AND c.head_xid = log_xid
       AND m.conversation_id = c.id AND m.archived AND m.left_at IS NULL
       AND (m.hidden OR (m.muted_until > now) IS NOT TRUE
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

-- p_muted_until is used only with p_set_muted, because null is a valid value of it.
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
    -- Who says where it belongs wants to see it there.
    hidden = hidden AND p_archived IS NULL,
    pinned = coalesce(p_pinned, pinned),
    own_read_seq = CASE WHEN p_unread_from IS NULL THEN own_read_seq
      -- What is withheld from the member cannot be unread.
      ELSE least(own_read_seq, greatest(p_unread_from - 1, history_from_seq)) END,
    caught_up = caught_up AND p_unread_from IS NULL
  WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'));
END $$;
