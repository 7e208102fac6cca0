-- Removes one batch: the oldest stretch of one stream, whose floor moves with it. Answers how many events went; 0 when
-- none is old enough, or when another process is at it.
CREATE OR REPLACE FUNCTION parley_retire_events(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE target uuid; upto int; removed int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('parley_retire_events')) THEN RETURN 0; END IF;
  SELECT stream_id INTO target FROM events WHERE occurred_at < p_before LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- The head row first, as every writer does.
  PERFORM FROM conversations WHERE id = target FOR NO KEY UPDATE;
  PERFORM FROM users WHERE id = target FOR NO KEY UPDATE;
  SELECT max(seq) INTO upto FROM (
    SELECT seq FROM events WHERE stream_id = target AND occurred_at < p_before ORDER BY seq LIMIT p_limit) AS batch;
  UPDATE conversations SET floor_event_seq = greatest(floor_event_seq, upto) WHERE id = target;
  UPDATE users SET floor_event_seq = greatest(floor_event_seq, upto) WHERE id = target;
  WITH gone AS (DELETE FROM events WHERE stream_id = target AND seq <= upto RETURNING *), kept AS (
    INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, message_seq, data, occurred_at)
    SELECT actor_id, op_key, request_hash, stream_id, seq, message_seq, data, occurred_at FROM gone WHERE op_key IS NOT NULL)
  SELECT count(*) INTO removed FROM gone;
  RETURN removed;
END $$;
