-- The first step of an erasure: nothing shows any more who the person was or when they were online, and nobody can log in
-- as them. Not known: there is no such person. Returns the sessions that ended. The credentials are deleted first, in the
-- same order as a login locks them.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_actor uuid, p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
DECLARE is_first boolean := EXISTS (SELECT FROM users WHERE id = p_user AND erased_at IS NULL);
BEGIN
  -- Before the person's row, as a send locks them. What is attached to a message goes with it.
  PERFORM parley_drop_attachments(ARRAY(SELECT id FROM attachments WHERE uploader_id = p_user AND conversation_id IS NULL));
  -- Before the password, which an invitation that is being accepted sets.
  DELETE FROM invitations WHERE user_id = p_user;
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE imported_people SET email_hash = NULL WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL, suspended_by_id = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  -- The key stays, so that a token that is still valid does not make them anew.
  UPDATE identities SET subject = NULL WHERE user_id = p_user;
  -- What others reported of them is kept as evidence; what they told the staff themselves goes.
  UPDATE reports SET text = NULL WHERE reporter_id = p_user;
  DELETE FROM bans WHERE user_id = p_user;
  DELETE FROM requests WHERE user_id = p_user OR from_id = p_user;
  DELETE FROM blocks WHERE blocker_id = p_user OR blocked_id = p_user;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
  IF is_first THEN PERFORM parley_audit('user.erased', nullif(p_actor, p_user), p_user, NULL, NULL); END IF;
END $$;

-- For processes of the former version, which do not say who erases.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE sql AS $$
  SELECT * FROM parley_begin_erasure(NULL, p_user);
$$;
