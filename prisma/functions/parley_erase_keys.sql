-- Keys are texts of the person's choosing, and hashes of requests tell whether one guessed a text right. A batch at a time:
-- answers how many went.
CREATE OR REPLACE FUNCTION parley_erase_keys(p_user uuid, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE erased int;
BEGIN
  UPDATE events SET op_key = NULL, request_hash = NULL WHERE (stream_id, seq) IN (
    SELECT stream_id, seq FROM events WHERE actor_id = p_user AND op_key IS NOT NULL LIMIT p_limit);
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END $$;
