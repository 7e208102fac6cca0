-- CreateEnum
CREATE TYPE "history_visibility" AS ENUM ('ALL', 'SINCE_JOINED');

-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "history_bound_seq" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "history_visibility" "history_visibility" NOT NULL DEFAULT 'ALL',
ADD COLUMN     "member_permissions" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "members" ADD COLUMN     "cleared_seq" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "history_from_seq" INTEGER NOT NULL DEFAULT 0;

-- The rights that parley_may lets a group give to plain members.
ALTER TABLE "conversations" ADD CONSTRAINT "member_permissions_are_known" CHECK (member_permissions IS NOT NULL
  AND member_permissions <@ '{ADD,REMOVE,RENAME,PIN,DELETE_OTHERS,MENTION_EVERYONE}'::text[]);

-- From whom something is withheld: most conversations have nobody.
CREATE INDEX "members_history_from_seq" ON "members" ("conversation_id") WHERE history_from_seq > 0;

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
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false,
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

-- The sender may delete within the edit policy; who may DELETE_OTHERS, at any time.
CREATE OR REPLACE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; moderates boolean; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > me.history_from_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  moderates := parley_may(c, me, 'DELETE_OTHERS');
  IF m.sender_id <> p_actor AND NOT moderates THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF NOT moderates AND NOT parley_editable(c, m) THEN
    RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy);
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  UPDATE messages SET text = NULL, salt = NULL, deleted_at = at, deleted_by_id = p_actor,
    mention_ids = NULL, mentions_everyone = false
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  PERFORM parley_clear_messages(p_conversation, ARRAY[p_seq]);
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, p_op_key, p_hash,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
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
  IF m.sender_id <> p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
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

-- Inserts one row of the log. The caller has set the same number, mark and transaction in the stream's head row;
-- p_mark_before is the mark that it had before. historyBound: messages up to this seq are withheld from some member now; an
-- event of a message that was just sent is withheld from nobody.
CREATE OR REPLACE FUNCTION parley_event(p_stream uuid, p_seq int, p_type event_type, p_actor uuid, p_op_key text, p_hash bytea,
  p_message_seq int, p_data jsonb, p_at timestamptz, p_message jsonb, p_mark text, p_mark_before text, p_xid xid8)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, data, occurred_at, mark, mark_before, xid)
  VALUES (p_stream, p_seq, p_type, p_actor, p_op_key, p_hash, p_message_seq, p_data, p_at, p_mark, p_mark_before, p_xid);
  RETURN jsonb_build_object('streamId', p_stream, 'seq', p_seq, 'type', p_type, 'actorId', p_actor,
    'messageSeq', p_message_seq, 'data', p_data, 'occurredAt', p_at, 'mark', p_mark, 'markBefore', p_mark_before,
    'message', p_message, 'historyBound', CASE WHEN p_message_seq IS NULL OR p_type = 'MESSAGE_SENT' THEN 0
      ELSE (SELECT history_bound_seq FROM conversations WHERE id = p_stream) END);
END $$;

-- Why a message with these mentions and attachments may not be sent or edited so; null when it may. The caller holds the
-- conversation's row. Whoever a message mentions already (p_mentioned) may stay, also after they have left.
CREATE OR REPLACE FUNCTION parley_extras_refused(p_actor uuid, p_conversation uuid, p_mention_ids uuid[], p_mention_everyone boolean,
  p_attachment_ids uuid[], p_mentioned uuid[] DEFAULT '{}')
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(p_mention_ids) AS x(id) WHERE x.id <> ALL (coalesce(p_mentioned, '{}')) AND NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x.id AND left_at IS NULL)) THEN
    RETURN 'MENTION_NOT_MEMBER';
  END IF;
  IF p_mention_everyone AND NOT EXISTS (
    SELECT FROM conversations c JOIN members m ON m.conversation_id = c.id
     WHERE c.id = p_conversation AND m.user_id = p_actor AND parley_may(c, m, 'MENTION_EVERYONE')) THEN
    RETURN 'MENTION_EVERYONE_FORBIDDEN';
  END IF;
  -- Nobody can have uploaded a file yet.
  IF p_attachment_ids IS NOT NULL THEN RETURN 'ATTACHMENT_NOT_FOUND'; END IF;
  RETURN NULL;
END $$;

-- The one table of who may do what in a conversation: docs/protocol.md shows it. The owner may do everything. ADD, REMOVE,
-- RENAME, PIN, DELETE_OTHERS and MENTION_EVERYONE are the admins' too, and a group can let plain members do any of them
-- (conversations.member_permissions). Everything else, as PROMOTE, SET_POLICY, SET_HISTORY, SET_PERMISSIONS, TRANSFER and
-- DELETE_CONVERSATION, is the owner's alone. Nobody may do any of it in a closed conversation, and who is no member (a row
-- of nulls) may nothing.
CREATE OR REPLACE FUNCTION parley_may(c conversations, me members, p_right text) RETURNS boolean LANGUAGE sql STABLE
RETURN c.closed_at IS NULL AND me.user_id IS NOT NULL AND me.left_at IS NULL AND CASE c.kind::text
  WHEN 'GROUP' THEN CASE me.role
    WHEN 'OWNER' THEN true
    WHEN 'ADMIN' THEN p_right = ANY ('{ADD,REMOVE,RENAME,PIN,DELETE_OTHERS,MENTION_EVERYONE}'::text[])
    ELSE p_right = ANY (c.member_permissions) END
  WHEN 'DIRECT' THEN p_right = 'PIN'
  ELSE false END;

-- A member removes another one, or leaves if p_user is the actor.
CREATE OR REPLACE FUNCTION parley_remove_member(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; target members; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
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

CREATE OR REPLACE FUNCTION parley_rename_conversation(p_actor uuid, p_conversation uuid, p_title text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'RENAME') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF c.title IS NOT DISTINCT FROM p_title THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE conversations SET title = p_title WHERE id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;

-- p_mention_ids and p_attachment_ids: null when there are none, else without duplicates.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text,
  p_reply_to int, p_mention_ids uuid[], p_mention_everyone boolean, p_attachment_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; sent jsonb; refusal text;
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
  RETURN parley_accepted(sent) || jsonb_build_object('events', sent || parley_unarchive(ARRAY[p_conversation]));
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
-- come one row for each event that the sends caused on a personal stream: outcome BESIDES, the event in `replayed`. A
-- process of the former version reads no row after those of the sends.
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
END $$;

-- For processes of the former version: without mentions and attachments.
CREATE OR REPLACE FUNCTION parley_send_messages(p_actors uuid[], p_conversations uuid[], p_op_keys text[], p_hashes bytea[],
  p_texts text[], p_replies int[])
RETURNS TABLE (outcome text, seq int, event_seq int, mark text, mark_before text, at_ms float8,
  replayed jsonb)
LANGUAGE sql AS $$
  SELECT * FROM parley_send_messages(p_actors, p_conversations, p_op_keys, p_hashes, p_texts, p_replies, NULL);
$$;

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
    pinned = coalesce(p_pinned, pinned),
    own_read_seq = CASE WHEN p_unread_from IS NULL THEN own_read_seq
      -- What is withheld from the member cannot be unread.
      ELSE least(own_read_seq, greatest(p_unread_from - 1, history_from_seq)) END,
    caught_up = caught_up AND p_unread_from IS NULL
  WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'));
END $$;

-- Changes settings of a group; null leaves one as it is. A new history visibility holds for who joins from now on.
CREATE OR REPLACE FUNCTION parley_update_group(p_actor uuid, p_conversation uuid, p_member_permissions text[],
  p_history_visibility history_visibility)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; permissions text[];
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF p_member_permissions IS NOT NULL AND NOT parley_may(c, me, 'SET_PERMISSIONS')
    OR p_history_visibility IS NOT NULL AND NOT parley_may(c, me, 'SET_HISTORY') THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  permissions := coalesce(ARRAY(SELECT DISTINCT unnest(p_member_permissions) ORDER BY 1), '{}');
  IF p_member_permissions IS NULL THEN permissions := c.member_permissions; END IF;
  IF permissions = c.member_permissions AND coalesce(p_history_visibility, c.history_visibility) = c.history_visibility THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  UPDATE conversations SET member_permissions = permissions,
    history_visibility = coalesce(p_history_visibility, history_visibility)
   WHERE id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;
