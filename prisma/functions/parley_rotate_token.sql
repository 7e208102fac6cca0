-- Exchanges a refresh token for the next one of its session. A token that was exchanged before means that somebody holds
-- a copy: the whole session is revoked, for the thief and the owner alike.
CREATE OR REPLACE FUNCTION parley_rotate_token(p_old bytea, p_new bytea, p_expires_at timestamptz,
  OUT outcome text, OUT session_id uuid, OUT user_id uuid, OUT role user_role)
LANGUAGE plpgsql AS $$
DECLARE t refresh_tokens; s sessions;
BEGIN
  SELECT * INTO t FROM refresh_tokens r WHERE r.hash = p_old FOR UPDATE;
  IF NOT FOUND THEN outcome := 'UNKNOWN'; RETURN; END IF;
  SELECT * INTO s FROM sessions x WHERE x.id = t.session_id FOR UPDATE;
  session_id := s.id;
  IF s.revoked_at IS NOT NULL OR t.expires_at <= now() THEN outcome := 'UNKNOWN'; RETURN; END IF;
  IF t.rotated_at IS NOT NULL THEN
    UPDATE sessions x SET revoked_at = now() WHERE x.id = s.id;
    outcome := 'REUSED';
    RETURN;
  END IF;
  UPDATE refresh_tokens r SET rotated_at = now() WHERE r.hash = p_old;
  INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (p_new, s.id, p_expires_at);
  UPDATE sessions x SET expires_at = p_expires_at WHERE x.id = s.id;
  outcome := 'ROTATED';
  user_id := s.user_id;
  SELECT u.role INTO role FROM users u WHERE u.id = s.user_id;
END $$;
