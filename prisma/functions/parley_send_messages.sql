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
