CREATE OR REPLACE FUNCTION parley_forget_op_keys(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE removed int;
BEGIN
  DELETE FROM retired_op_keys WHERE (actor_id, op_key) IN (
    SELECT actor_id, op_key FROM retired_op_keys WHERE occurred_at < p_before LIMIT p_limit);
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;
