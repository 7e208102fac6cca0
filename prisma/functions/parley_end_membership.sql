-- Ends a membership in a group whose row the caller has locked. If the owner leaves, the admin, else the member, who joined
-- first becomes the owner.
CREATE OR REPLACE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid, p_banned boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE was member_role; heir uuid; events jsonb;
BEGIN
  SELECT role INTO was FROM members WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE members SET left_at = parley_now(), role = 'MEMBER', inbox_at = NULL, caught_up = false,
    pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
   WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE conversations SET member_count = member_count - 1 WHERE id = p_conversation;
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'MEMBER_LEFT', p_actor,
      jsonb_build_object('userId', p_user) || CASE WHEN p_banned THEN '{"banned": true}' ELSE '{}' END::jsonb));
  IF was = 'OWNER' THEN
    UPDATE members SET role = 'OWNER' WHERE conversation_id = p_conversation AND user_id = (
      SELECT user_id FROM members WHERE conversation_id = p_conversation AND left_at IS NULL
       ORDER BY role = 'ADMIN' DESC, joined_at, user_id LIMIT 1)
    RETURNING user_id INTO heir;
    IF heir IS NOT NULL THEN
      events := events || parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor,
        jsonb_build_object('userIds', ARRAY[heir]));
    END IF;
  END IF;
  RETURN events;
END $$;

CREATE OR REPLACE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_end_membership(p_actor, p_conversation, p_user, false);
$$;
