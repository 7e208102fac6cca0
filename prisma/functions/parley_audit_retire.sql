-- Removes the oldest entries of the audit log, at most so many. The head keeps the hash of the last one, so that the chain can still be
-- checked from there. How many.
CREATE OR REPLACE FUNCTION parley_audit_retire(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE last audit_log; removed int;
BEGIN
  -- Whoever adds an entry holds the head: the next round finds what is old now, so nobody is waited for.
  IF NOT EXISTS (SELECT FROM (SELECT occurred_at FROM audit_log ORDER BY seq LIMIT 1) x WHERE occurred_at < p_before) THEN RETURN 0; END IF;
  PERFORM FROM audit_head FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;
  SELECT * INTO last FROM (SELECT * FROM audit_log ORDER BY seq LIMIT p_limit) x WHERE occurred_at < p_before ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- First the head: the trigger lets rows go up to there.
  UPDATE audit_head SET floor_seq = last.seq, floor_hash = last.hash;
  DELETE FROM audit_log WHERE seq <= last.seq;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;
