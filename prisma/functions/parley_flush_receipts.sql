-- Publishes gathered receipts: one event for each conversation after p_after (null: from the first), by one process at a
-- time. No conversation gets a second event within p_pause_ms. Returns `next`, the conversation after which to continue,
-- null at the end; and `left`, conversations that another transaction had locked, or that have more receipts than one event
-- holds: call again for each. With p_conversation it waits for that conversation, and looks at no other.
CREATE OR REPLACE FUNCTION parley_flush_receipts(p_conversation uuid, p_after uuid, p_pause_ms int) RETURNS jsonb
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
  now timestamptz := parley_now(); log_xid xid8; due uuid[]; held uuid[]; taken members[]; events jsonb;
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
  log_xid := parley_xid();
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
    UPDATE conversations c SET head_event_seq = c.head_event_seq + 1, head_mark = parley_mark(), head_xid = log_xid,
        receipts_due_at = now + p_pause_ms * interval '1 millisecond'
      FROM told JOIN conversations was ON was.id = told.conversation_id WHERE c.id = told.conversation_id
      RETURNING c.id, c.head_event_seq, c.head_mark, was.head_mark AS mark_before, told.data
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, data, occurred_at, mark, mark_before, xid)
    SELECT id, head_event_seq, 'RECEIPT_ADVANCED', data, now, head_mark, mark_before, log_xid FROM heads
  )
  SELECT jsonb_agg(jsonb_build_object('streamId', id, 'seq', head_event_seq, 'type', 'RECEIPT_ADVANCED', 'actorId', NULL,
    'messageSeq', NULL, 'data', data, 'occurredAt', now, 'mark', head_mark, 'markBefore', mark_before,
    'message', NULL)) INTO events FROM heads;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'next', due[cardinality(due)],
    'left', to_jsonb(ARRAY(
      SELECT id FROM unnest(due) AS d(id) WHERE id <> ALL (held)
      UNION ALL SELECT conversation_id FROM unnest(taken) GROUP BY conversation_id HAVING count(*) >= max_receipts)),
    'events', coalesce(events, '[]'));
END $$;
