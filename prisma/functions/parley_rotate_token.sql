-- Exchanges a refresh token for the next one of its session. If the token before the newest is used again within the
-- window, the same answer is given again: two tabs share a cookie, and answers get lost. Any other use of an exchanged
-- token means that somebody has a copy: the whole session is revoked, for the thief and the owner alike.
CREATE OR REPLACE FUNCTION parley_rotate_token(p_old bytea, p_new bytea, p_expires_at timestamptz, p_nonce bytea,
  p_repeat_window_ms integer, OUT outcome text, OUT session_id uuid, OUT user_id uuid,
  OUT successor_hash bytea, OUT successor_nonce bytea, OUT successor_expires_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE t refresh_tokens; n refresh_tokens; s sessions;
BEGIN
  -- The session is locked before its tokens are read, so that whatever is done with them is done one after the other.
  SELECT x.* INTO s FROM refresh_tokens r JOIN sessions x ON x.id = r.session_id WHERE r.hash = p_old FOR UPDATE OF x;
  IF NOT FOUND OR s.revoked_at IS NOT NULL THEN outcome := 'UNKNOWN'; RETURN; END IF;
  SELECT * INTO t FROM refresh_tokens r WHERE r.hash = p_old;
  session_id := s.id;
  user_id := s.user_id;
  IF t.rotated_at IS NOT NULL THEN
    SELECT * INTO n FROM refresh_tokens r WHERE r.hash = t.successor_hash AND r.rotated_at IS NULL;
    -- On either side: the clock may be set back.
    IF FOUND AND t.successor_nonce IS NOT NULL
      AND abs(extract(epoch FROM now() - t.rotated_at)) * 1000 < p_repeat_window_ms THEN
      outcome := 'REPEATED';
      successor_hash := n.hash;
      successor_nonce := t.successor_nonce;
      successor_expires_at := n.expires_at;
      RETURN;
    END IF;
  END IF;
  IF t.expires_at <= now() THEN outcome := 'UNKNOWN'; RETURN; END IF;
  IF t.rotated_at IS NOT NULL THEN
    UPDATE sessions x SET revoked_at = now() WHERE x.id = s.id;
    outcome := 'REUSED';
    RETURN;
  END IF;
  UPDATE refresh_tokens r SET rotated_at = now(), successor_hash = p_new, successor_nonce = p_nonce WHERE r.hash = p_old;
  INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (p_new, s.id, p_expires_at);
  UPDATE sessions x SET expires_at = p_expires_at WHERE x.id = s.id;
  outcome := 'ROTATED';
END $$;

-- For processes of the former version: a use is never repeated there.
CREATE OR REPLACE FUNCTION parley_rotate_token(p_old bytea, p_new bytea, p_expires_at timestamptz,
  OUT outcome text, OUT session_id uuid, OUT user_id uuid, OUT role user_role)
LANGUAGE sql AS $$
  SELECT n.outcome, n.session_id, n.user_id, u.role
  FROM parley_rotate_token(p_old, p_new, p_expires_at, NULL, 0) n LEFT JOIN users u ON u.id = n.user_id
$$;
