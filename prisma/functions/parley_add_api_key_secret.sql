-- A secret of an API key from now on, with a session of its own; those before it end after p_grace. No rows: there is no such key, or it
-- is over.
CREATE OR REPLACE FUNCTION parley_add_api_key_secret(p_actor uuid, p_key uuid, p_hash bytea, p_session uuid, p_grace interval)
RETURNS TABLE (session_id uuid) LANGUAGE plpgsql AS $$
DECLARE k api_keys; ended uuid[];
BEGIN
  SELECT * INTO k FROM api_keys x WHERE x.id = p_key AND x.revoked_at IS NULL AND coalesce(x.expires_at > now(), true) FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  WITH over AS (UPDATE sessions x SET expires_at = least(x.expires_at, now() + p_grace),
      revoked_at = CASE WHEN p_grace <= interval '0' THEN now() END
    WHERE x.id IN (SELECT y.session_id FROM api_key_secrets y WHERE y.api_key_id = p_key) AND x.revoked_at IS NULL RETURNING x.id, x.revoked_at)
  SELECT array_agg(over.id) INTO ended FROM over WHERE over.revoked_at IS NOT NULL;
  INSERT INTO sessions (id, user_id, expires_at, user_agent) VALUES (p_session, k.user_id, coalesce(k.expires_at, '2200-01-01'), k.name);
  INSERT INTO api_key_secrets (hash, api_key_id, session_id) VALUES (p_hash, p_key, p_session);
  PERFORM parley_audit('apiKey.rotated', p_actor, k.user_id, NULL, jsonb_build_object('name', k.name));
  RETURN QUERY SELECT p_session UNION ALL SELECT unnest(ended);
END $$;
