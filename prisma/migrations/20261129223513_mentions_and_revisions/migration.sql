-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "mention_ids" UUID[],
ADD COLUMN     "mentions_everyone" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "mentions" (
    "conversation_id" UUID NOT NULL,
    "message_seq" INTEGER NOT NULL,
    "user_id" UUID NOT NULL,
    "counts" BOOLEAN NOT NULL,

    CONSTRAINT "mentions_pkey" PRIMARY KEY ("conversation_id","message_seq","user_id")
);

-- CreateTable
CREATE TABLE "message_revisions" (
    "conversation_id" UUID NOT NULL,
    "message_seq" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "edited_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_revisions_pkey" PRIMARY KEY ("conversation_id","message_seq","revision")
);

-- CreateIndex
CREATE INDEX "mentions_user_id_conversation_id_message_seq_idx" ON "mentions"("user_id", "conversation_id", "message_seq");

-- AddForeignKey
ALTER TABLE "mentions" ADD CONSTRAINT "mentions_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mentions" ADD CONSTRAINT "mentions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message_revisions" ADD CONSTRAINT "message_revisions_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- The messages that mention everyone; a deleted one does not. With the sender, so that counting looks at no row.
CREATE INDEX "messages_mentioning_everyone" ON "messages" ("conversation_id", "seq") INCLUDE ("sender_id") WHERE "mentions_everyone";

-- Functions as prisma/functions has them (npm run migration:functions).

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
END $$;

-- The sender may delete within the edit policy; owners and admins of a group at any time.
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

-- The last step for one conversation: messages after p_after_seq are erased too, and one event tells all readers to drop
-- their copies. That event is also needed if only events name the person, as in a group that they left without writing. The
-- membership is marked as erased; a table with other data of a person in a conversation must be cleared here. The person
-- leaves a group, and a direct conversation is closed. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_erase_in_conversation(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m members; at timestamptz; events jsonb;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM members WHERE conversation_id = p_conversation AND user_id = p_user FOR NO KEY UPDATE;
  IF m.erased_at IS NOT NULL AND (c.kind = 'DIRECT' OR m.left_at IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  at := parley_now();
  PERFORM parley_erase_messages(p_actor, p_conversation, p_user, p_after_seq, m.last_sent_seq);
  UPDATE messages x SET mention_ids = nullif(array_remove(x.mention_ids, p_user), '{}') FROM mentions n
   WHERE n.user_id = p_user AND n.conversation_id = p_conversation
     AND x.conversation_id = p_conversation AND x.seq = n.message_seq;
  DELETE FROM mentions WHERE user_id = p_user AND conversation_id = p_conversation;
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'USER_ERASED', p_actor, jsonb_build_object('userId', p_user)));
  UPDATE members SET last_sent_seq = 0, erased_at = at WHERE conversation_id = p_conversation AND user_id = p_user;
  IF c.kind = 'DIRECT' THEN
    UPDATE conversations SET closed_at = coalesce(closed_at, at) WHERE id = p_conversation;
  ELSIF m.left_at IS NULL THEN
    events := events || parley_end_membership(p_actor, p_conversation, p_user);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
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
     WHERE c.id = p_conversation AND c.kind = 'GROUP' AND m.user_id = p_actor AND m.left_at IS NULL AND m.role <> 'MEMBER') THEN
    RETURN 'MENTION_EVERYONE_FORBIDDEN';
  END IF;
  -- Nobody can have uploaded a file yet.
  IF p_attachment_ids IS NOT NULL THEN RETURN 'ATTACHMENT_NOT_FOUND'; END IF;
  RETURN NULL;
END $$;

-- A JSON array of ids; null for null.
CREATE OR REPLACE FUNCTION parley_ids(p_ids jsonb) RETURNS uuid[] LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_ids) = 'array' THEN
  ARRAY(SELECT x.id::uuid FROM jsonb_array_elements_text(p_ids) WITH ORDINALITY AS x(id, place) ORDER BY x.place) END;

CREATE OR REPLACE FUNCTION parley_message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE
RETURN jsonb_build_object(
  'conversationId', m.conversation_id, 'seq', m.seq, 'senderId', m.sender_id, 'text', m.text, 'revision', m.revision,
  'clientMessageId', m.client_message_id, 'replyToSeq', m.reply_to_seq, 'createdAt', m.created_at,
  'editedAt', m.edited_at, 'deletedAt', m.deleted_at, 'deletedById', m.deleted_by_id,
  'mentionIds', m.mention_ids, 'mentionsEveryone', m.mentions_everyone);

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
  IF p_reply_to IS NOT NULL AND (p_reply_to < 1 OR p_reply_to > c.head_seq) THEN
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
        WHEN a.reply_to NOT BETWEEN 1 AND c.head_seq THEN 'REPLY_NOT_FOUND'
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

-- Stores what hangs on a new message besides its row, for a caller that holds the conversation's row and has asked
-- parley_extras_refused. p_attachment_ids are to be attached here.
CREATE OR REPLACE FUNCTION parley_store_extras(p_actor uuid, p_conversation uuid, p_seq int, p_mention_ids uuid[],
  p_mentions_everyone boolean, p_attachment_ids uuid[])
RETURNS void LANGUAGE sql AS $$
  INSERT INTO mentions (conversation_id, message_seq, user_id, counts)
  SELECT p_conversation, p_seq, id, NOT p_mentions_everyone AND id <> p_actor FROM unnest(p_mention_ids) AS x(id);
$$;

-- Turns a person's messages in one stretch of a conversation into tombstones, so that a long conversation takes many short
-- steps.
CREATE OR REPLACE FUNCTION parley_erase_messages(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int, p_up_to_seq int)
RETURNS void LANGUAGE sql AS $$
  WITH erased AS (
    UPDATE messages SET text = NULL, salt = NULL, client_message_id = 'erased', deleted_at = coalesce(deleted_at, parley_now()),
      deleted_by_id = coalesce(deleted_by_id, p_actor), mention_ids = NULL, mentions_everyone = false
     WHERE conversation_id = p_conversation AND seq > p_after_seq AND seq <= p_up_to_seq AND sender_id = p_user
       AND client_message_id <> 'erased'
    RETURNING seq)
  SELECT parley_clear_messages(p_conversation, ARRAY(SELECT seq FROM erased));
$$;
