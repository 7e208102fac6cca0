-- An API key with its own person and its first secret. False: there are as many keys as there may be.
CREATE OR REPLACE FUNCTION parley_create_api_key(p_actor uuid, p_key uuid, p_name text, p_search_name text, p_search_name_rule smallint,
  p_scopes text[], p_expires_at timestamptz, p_user uuid, p_handle text, p_hash bytea, p_session uuid, p_most integer)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('parley api keys', 1));
  IF (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND coalesce(expires_at > now(), true)) >= p_most THEN RETURN false; END IF;
  INSERT INTO users (id, handle, handle_skeleton, display_name, search_name, search_name_rule)
    VALUES (p_user, p_handle, parley_handle_skeleton(p_handle), p_name, p_search_name, p_search_name_rule);
  INSERT INTO api_keys (id, user_id, name, scopes, created_by_id, expires_at) VALUES (p_key, p_user, p_name, p_scopes, p_actor, p_expires_at);
  INSERT INTO sessions (id, user_id, expires_at, user_agent) VALUES (p_session, p_user, coalesce(p_expires_at, '2200-01-01'), p_name);
  INSERT INTO api_key_secrets (hash, api_key_id, session_id) VALUES (p_hash, p_key, p_session);
  PERFORM parley_audit('apiKey.created', p_actor, p_user, NULL, jsonb_build_object('name', p_name, 'scopes', p_scopes));
  RETURN true;
END $$;
