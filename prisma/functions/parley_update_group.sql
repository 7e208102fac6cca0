-- Changes settings of a group; null leaves one as it is. A new history visibility holds for who joins from now on, a new edit
-- policy for older messages too.
CREATE OR REPLACE FUNCTION parley_update_group(p_actor uuid, p_conversation uuid, p_member_permissions text[],
  p_history_visibility history_visibility, p_edit_policy edit_policy)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; permissions text[];
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF p_member_permissions IS NOT NULL AND NOT parley_may(c, me, 'SET_PERMISSIONS')
    OR p_history_visibility IS NOT NULL AND NOT parley_may(c, me, 'SET_HISTORY')
    OR p_edit_policy IS NOT NULL AND NOT parley_may(c, me, 'SET_POLICY') THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  permissions := coalesce(ARRAY(SELECT DISTINCT unnest(p_member_permissions) ORDER BY 1), '{}');
  IF p_member_permissions IS NULL THEN permissions := c.member_permissions; END IF;
  IF permissions = c.member_permissions AND coalesce(p_history_visibility, c.history_visibility) = c.history_visibility
    AND coalesce(p_edit_policy, c.edit_policy) = c.edit_policy THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  UPDATE conversations SET member_permissions = permissions,
    history_visibility = coalesce(p_history_visibility, history_visibility), edit_policy = coalesce(p_edit_policy, edit_policy)
   WHERE id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;
