-- Sets the password and ends all sessions but one. Two statements, so that the second sees a login that the first waited
-- for: a login locks the credentials while it makes its session. In the session that remains, a former token can no longer
-- be repeated.
CREATE OR REPLACE FUNCTION parley_change_password(p_user uuid, p_password_hash text, p_kept_session uuid) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE credentials SET password_hash = p_password_hash WHERE user_id = p_user;
  UPDATE refresh_tokens SET successor_nonce = NULL WHERE session_id = p_kept_session AND successor_nonce IS NOT NULL;
  RETURN QUERY UPDATE sessions SET revoked_at = now()
    WHERE user_id = p_user AND id <> p_kept_session AND revoked_at IS NULL RETURNING id;
END $$;
