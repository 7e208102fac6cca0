-- The person chose the texts of their keys, and a request hash can confirm a guess of a text. So both are removed, a batch
-- at a time. Returns how many.
CREATE OR REPLACE FUNCTION parley_erase_keys(p_user uuid, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE erased int;
BEGIN
  UPDATE events SET op_key = NULL, request_hash = NULL,
    -- What they reacted with.
    data = CASE WHEN type = 'REACTION_TOGGLED' THEN data - 'kind' ELSE data END
   WHERE (stream_id, seq) IN (
    SELECT stream_id, seq FROM events WHERE actor_id = p_user AND op_key IS NOT NULL LIMIT p_limit);
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END $$;
