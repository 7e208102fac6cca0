-- A member removes another one, or leaves if p_user is the actor.
CREATE OR REPLACE FUNCTION parley_remove_member(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; target members; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  -- Who opened a support conversation stays in it.
  IF EXISTS (SELECT FROM support_cases WHERE conversation_id = p_conversation AND user_id = p_user) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  SELECT * INTO target FROM members WHERE conversation_id = p_conversation AND user_id = p_user AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', CASE WHEN parley_may(c, me, 'REMOVE') THEN 'USER_NOT_FOUND' ELSE 'FORBIDDEN' END); END IF;
  -- Nobody but the owner removes an admin.
  IF p_user <> p_actor AND (NOT parley_may(c, me, 'REMOVE') OR me.role <> 'OWNER' AND target.role <> 'MEMBER') THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  events := parley_end_membership(p_actor, p_conversation, p_user);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events || parley_inbox_events(ARRAY[p_user], p_conversation, p_actor,
    jsonb_build_object('left', true, 'leftEventSeq', events->0->'seq')));
END $$;
