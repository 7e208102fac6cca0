-- The owner or an admin bans somebody from a group, who leaves it with that, or takes it back. Members are told by MEMBER_LEFT, and
-- where nobody leaves by CONVERSATION_UPDATED. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_ban_member(p_actor uuid, p_conversation uuid, p_user uuid, p_banned boolean, p_limit int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; target members; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'BAN') OR p_user = p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO target FROM members WHERE conversation_id = p_conversation AND user_id = p_user AND left_at IS NULL;
  -- Nobody but the owner bans an admin.
  IF FOUND AND me.role <> 'OWNER' AND target.role <> 'MEMBER' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF p_banned AND NOT parley_all_exist(ARRAY[p_user]) OR NOT EXISTS (SELECT FROM users WHERE id = p_user) THEN
    RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND');
  END IF;
  IF p_banned THEN
    IF p_limit <= (SELECT count(*) FROM bans WHERE conversation_id = p_conversation)
      AND NOT EXISTS (SELECT FROM bans WHERE conversation_id = p_conversation AND user_id = p_user) THEN
      RETURN jsonb_build_object('outcome', 'TOO_MANY_BANS');
    END IF;
    INSERT INTO bans (conversation_id, user_id, banned_by_id, banned_at) VALUES (p_conversation, p_user, p_actor, parley_now())
    ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM bans WHERE conversation_id = p_conversation AND user_id = p_user;
  END IF;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  IF p_banned AND target.user_id IS NOT NULL THEN
    events := parley_end_membership(p_actor, p_conversation, p_user, true);
    events := events || parley_inbox_events(ARRAY[p_user], p_conversation, p_actor,
      jsonb_build_object('left', true, 'leftEventSeq', events->0->'seq'));
  ELSE
    events := jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL));
  END IF;
  PERFORM parley_audit(CASE WHEN p_banned THEN 'member.banned' ELSE 'member.unbanned' END, p_actor, p_user, p_conversation, NULL);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;
