-- Whatever runs at once, a conversation has one owner.
CREATE UNIQUE INDEX "members_one_owner" ON "members" ("conversation_id") WHERE role = 'OWNER' AND left_at IS NULL;

-- Functions as prisma/functions has them (npm run migration:functions).

-- Ends a membership in a group whose row the caller has locked. If the owner leaves, the admin, else the member, who joined
-- first becomes the owner.
CREATE OR REPLACE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE was member_role; heir uuid; events jsonb;
BEGIN
  SELECT role INTO was FROM members WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE members SET left_at = parley_now(), role = 'MEMBER', inbox_at = NULL, caught_up = false,
    pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
   WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE conversations SET member_count = member_count - 1 WHERE id = p_conversation;
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'MEMBER_LEFT', p_actor, jsonb_build_object('userId', p_user)));
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

-- The owner makes a member an admin or a plain member (p_role ADMIN or MEMBER), or hands the group over (p_role OWNER) and is
-- an admin from then on. There is one owner at any time. Repeating it changes nothing, also for the former owner.
CREATE OR REPLACE FUNCTION parley_set_role(p_actor uuid, p_conversation uuid, p_user uuid, p_role member_role) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; target members; changed uuid[] := ARRAY[p_user];
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO target FROM members WHERE conversation_id = p_conversation AND user_id = p_user AND left_at IS NULL;
  IF p_role = 'OWNER' AND target.role = 'OWNER' AND me.role <> 'MEMBER' AND c.closed_at IS NULL THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  IF NOT parley_may(c, me, CASE p_role WHEN 'OWNER' THEN 'TRANSFER' ELSE 'PROMOTE' END) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  IF target.user_id IS NULL THEN RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND'); END IF;
  -- The owner alone gets here: without them there would be none.
  IF p_user = p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF target.role = p_role THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  IF p_role = 'OWNER' THEN
    UPDATE members SET role = 'ADMIN' WHERE conversation_id = p_conversation AND user_id = p_actor;
    changed := ARRAY[p_actor, p_user];
  END IF;
  UPDATE members SET role = p_role WHERE conversation_id = p_conversation AND user_id = p_user;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', jsonb_build_array(
    parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, jsonb_build_object('userIds', changed))));
END $$;
