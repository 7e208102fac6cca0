-- Many advances in one statement and one commit, in conversations of at least p_gather_from members. The caller must give
-- at most one advance for each member in a call. p_reads has 0 for markDelivered, p_delivereds has 0 for markRead.
--
-- Returns one row for each advance, in order. LOCKED: another transaction has the member's row, or edits or deletes a message
-- that must not be read before (parley_read_key). SMALL: the conversation has
-- fewer members, or is one with support, or a request. Nothing was done for these. event_seq is the number of the INBOX_ENTRY_CHANGED on the member's personal
-- stream, if there is one.
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
DECLARE held bigint[]; changing uuid[]; now timestamptz; log_xid xid8;
BEGIN
  -- Not those that stay as they are: a lock is a write.
  held := ARRAY(
    SELECT a.place
      FROM unnest(p_actors, p_conversations, p_reads, p_delivereds) WITH ORDINALITY AS a(actor, conversation, read, delivered, place)
      JOIN members m ON m.conversation_id = a.conversation AND m.user_id = a.actor AND m.left_at IS NULL
      JOIN conversations c ON c.id = a.conversation JOIN users u ON u.id = a.actor
     WHERE c.member_count >= p_gather_from AND c.kind <> 'SUPPORT' AND NOT m.requested AND (
       least(a.read, c.head_seq) > m.own_read_seq
       OR least(greatest(a.read, a.delivered), c.head_seq) > greatest(m.last_delivered_seq, m.pending_delivered_seq)
       OR u.read_receipts_enabled AND least(a.read, c.head_seq) > greatest(m.last_read_seq, m.pending_read_seq))
     ORDER BY m.conversation_id, m.user_id
       FOR NO KEY UPDATE OF m SKIP LOCKED);
  -- Nor while somebody edits or deletes what may be read only once. Whatever the policy is: it may change meanwhile.
  changing := ARRAY(SELECT conversation FROM (SELECT DISTINCT p_conversations[place] AS conversation FROM unnest(held) place) x
    WHERE NOT pg_try_advisory_xact_lock_shared(parley_read_key(conversation)));
  IF cardinality(changing) > 0 THEN
    held := ARRAY(SELECT place FROM unnest(held) place WHERE p_conversations[place] <> ALL (changing));
  END IF;
  -- Whose own stream may get an event.
  PERFORM FROM users WHERE id = ANY (ARRAY(SELECT p_actors[place] FROM unnest(held) place WHERE p_reads[place] > 0))
    ORDER BY id FOR NO KEY UPDATE;
  now := parley_now();
  -- Where nothing is written it would be the only reason for a transaction id.
  IF cardinality(held) > 0 THEN log_xid := parley_xid(); END IF;
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH asked AS (
    SELECT a.place, a.actor, a.conversation, m.user_id, m.requested, m.own_read_seq, m.last_sent_seq, c.head_seq, c.member_count, c.kind,
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
        WHEN member_count < p_gather_from OR kind = 'SUPPORT' OR requested THEN 'SMALL'
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
