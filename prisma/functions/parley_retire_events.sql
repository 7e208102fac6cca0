-- Removes one batch: the oldest events of one stream. The stream's floor moves with it, and keeps the mark and the
-- transaction of the last removed event. Returns how many events were removed; 0 when none is old enough, or when another
-- process is removing events.
CREATE OR REPLACE FUNCTION parley_retire_events(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE target uuid; last events; newest xid8; removed int;
BEGIN
  -- What the search has not taken from the log yet stays in it.
  p_before := least(p_before, (SELECT indexed_until FROM search_position));
  -- And what a webhook endpoint that is active has not delivered.
  p_before := least(p_before, (SELECT min(taken_until) FROM webhook_endpoints WHERE state = 'ACTIVE'),
    (SELECT min(h.occurred_at) FROM webhook_holds h JOIN webhook_endpoints e ON e.id = h.endpoint_id WHERE e.state = 'ACTIVE'));
  IF NOT pg_try_advisory_xact_lock(hashtext('parley_retire_events')) THEN RETURN 0; END IF;
  SELECT stream_id INTO target FROM events WHERE occurred_at < p_before LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- The head row first, as every writer does.
  PERFORM FROM conversations WHERE id = target FOR NO KEY UPDATE;
  PERFORM FROM users WHERE id = target FOR NO KEY UPDATE;
  SELECT * INTO last FROM (
    SELECT * FROM events WHERE stream_id = target AND occurred_at < p_before ORDER BY seq LIMIT p_limit) AS batch
   ORDER BY seq DESC LIMIT 1;
  UPDATE conversations SET floor_event_seq = last.seq, floor_mark = last.mark, floor_xid = last.xid
   WHERE id = target AND floor_event_seq < last.seq;
  UPDATE users SET floor_event_seq = last.seq, floor_mark = last.mark, floor_xid = last.xid
   WHERE id = target AND floor_event_seq < last.seq;
  WITH gone AS (DELETE FROM events WHERE stream_id = target AND seq <= last.seq RETURNING *), kept AS (
    INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, mark, message_seq, data, occurred_at)
    SELECT actor_id, op_key, request_hash, stream_id, seq, mark, message_seq, data, occurred_at FROM gone WHERE op_key IS NOT NULL)
  SELECT count(*), (array_agg(xid ORDER BY xid DESC))[1] INTO removed, newest FROM gone;
  UPDATE log_clock SET retired_xid = newest WHERE retired_xid < newest;
  RETURN removed;
END $$;
