-- Ends an API key and all its sessions; null: there is no such key. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_revoke_api_key(p_actor uuid, p_key uuid) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE k api_keys; ids uuid[];
BEGIN
  SELECT * INTO k FROM api_keys WHERE id = p_key FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = p_key;
  ids := ARRAY(SELECT session_id FROM api_key_secrets WHERE api_key_id = p_key);
  UPDATE sessions SET revoked_at = now() WHERE id = ANY (ids) AND revoked_at IS NULL;
  IF k.revoked_at IS NULL THEN
    PERFORM parley_audit('apiKey.revoked', p_actor, k.user_id, NULL, jsonb_build_object('name', k.name));
  END IF;
  RETURN ids;
END $$;
