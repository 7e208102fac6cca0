-- Who has archived a conversation: looked for at each message, and nearly always nobody.
CREATE INDEX "members_archived" ON "members" ("conversation_id") WHERE "archived" AND "left_at" IS NULL;

-- Functions as prisma/functions has them (npm run migration:functions).

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
    parley_salted(p_hash, m.salt), m.seq, NULL, at, parley_message_json(m), new_mark, log_xid);
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
RETURNS TABLE (outcome text, seq int, event_seq int, mark text, at_ms float8, replayed jsonb)
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
    SELECT *, head_seq + nth AS seq, head_event_seq + nth AS event_seq, parley_mark() AS mark,
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
    INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, occurred_at, mark, xid)
    SELECT conversation, event_seq, 'MESSAGE_SENT', actor, op_key, parley_salted(hash, salt), seq, at, mark, log_xid
      FROM numbered WHERE ok ORDER BY actor, op_key
  )
  SELECT outcome, seq, event_seq, mark, (extract(epoch FROM at) * 1000)::float8,
    CASE WHEN outcome IS NULL THEN parley_replayed(actor, op_key, hash) END
  FROM numbered ORDER BY place;
  -- Apart from it, as both may write the sender's row.
  PERFORM parley_touch_activity(held);
  RETURN QUERY SELECT 'BESIDES', NULL::int, NULL::int, NULL::text, NULL::float8, event
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
    SELECT b.person, b.talk, sent.actor_id AS actor, parley_mark() AS mark,
      u.head_event_seq + (row_number() OVER (PARTITION BY b.person ORDER BY b.talk))::int AS seq
    FROM unnest(people, talks) AS b(person, talk) JOIN users u ON u.id = b.person
    JOIN conversations c ON c.id = b.talk JOIN events sent ON sent.stream_id = c.id AND sent.seq = c.head_event_seq
  ), heads AS (
    UPDATE users u SET head_event_seq = n.seq, head_mark = n.mark, head_xid = log_xid
      FROM (SELECT DISTINCT ON (person) person, seq, mark FROM numbered ORDER BY person, seq DESC) n
     WHERE u.id = n.person
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, actor_id, data, occurred_at, mark, xid)
    SELECT person, seq, 'INBOX_ENTRY_CHANGED', actor, jsonb_build_object('conversationId', talk), now, mark, log_xid
      FROM numbered
  )
  SELECT jsonb_agg(jsonb_build_object('streamId', person, 'seq', seq, 'type', 'INBOX_ENTRY_CHANGED', 'actorId', actor,
      'messageSeq', NULL, 'data', jsonb_build_object('conversationId', talk), 'occurredAt', now, 'mark', mark,
      'message', NULL) ORDER BY person, seq) INTO events
    FROM (SELECT * FROM numbered ORDER BY person, seq LIMIT max_announced) first;
  RETURN events;
END $$;
