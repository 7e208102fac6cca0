-- Suspends a person, or no longer does; p_actor null: an operator on the command line. All their sessions end in the transaction, and
-- a login at the same moment waits for it (both lock the person's row). Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_suspend_user(p_actor uuid, p_user uuid, p_suspended boolean, p_reason text, p_until timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE u users; was boolean; ended uuid[] := '{}';
BEGIN
  IF p_actor IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE id = p_actor AND role = 'ADMIN' AND erased_at IS NULL
    AND NOT parley_is_suspended(suspended_at, suspended_until)) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  SELECT * INTO u FROM users WHERE id = p_user AND erased_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  was := parley_is_suspended(u.suspended_at, u.suspended_until);
  IF p_suspended THEN
    UPDATE users SET suspended_at = CASE WHEN was THEN suspended_at ELSE parley_now() END, suspended_until = p_until,
      suspended_reason = p_reason, suspended_by_id = p_actor WHERE id = p_user;
    -- Those of tokens from outside are not revoked, as that is for good: such a token enters again once this is taken back.
    UPDATE sessions SET revoked_at = CASE WHEN outside_key IS NULL THEN now() END,
      expires_at = CASE WHEN outside_key IS NULL THEN expires_at ELSE least(expires_at, now()) END
    WHERE user_id = p_user AND revoked_at IS NULL;
    -- With those of a moment ago: who repeats this may not know whether their end was announced.
    ended := ARRAY(SELECT id FROM sessions WHERE user_id = p_user AND (revoked_at > now() - interval '1 minute'
      OR outside_key IS NOT NULL AND expires_at > now() - interval '1 minute'));
    IF NOT was OR u.suspended_until IS DISTINCT FROM p_until OR u.suspended_reason IS DISTINCT FROM p_reason THEN
      PERFORM parley_audit('user.suspended', p_actor, p_user, NULL, jsonb_build_object('until', p_until));
    END IF;
  ELSIF u.suspended_at IS NOT NULL THEN
    UPDATE users SET suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL, suspended_by_id = NULL WHERE id = p_user;
    IF was THEN PERFORM parley_audit('user.unsuspended', p_actor, p_user, NULL, NULL); END IF;
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'sessionIds', to_jsonb(ended), 'events', '[]'::jsonb);
END $$;
