-- People who are members already do not change. Who does not let the actor add them, and takes requests, is invited.
CREATE OR REPLACE FUNCTION parley_add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; added uuid[]; asked uuid[]; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'ADD') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF NOT parley_all_exist(p_users) THEN RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND'); END IF;
  added := ARRAY(SELECT DISTINCT x FROM unnest(p_users) x WHERE NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x AND left_at IS NULL) ORDER BY 1);
  IF EXISTS (SELECT FROM bans WHERE conversation_id = p_conversation AND user_id = ANY (added)) THEN
    RETURN jsonb_build_object('outcome', 'USER_BANNED');
  END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocked_id = p_actor AND blocker_id = ANY (added)) THEN
    RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND');
  END IF;
  asked := parley_not_taking(p_actor, added);
  IF NOT parley_may_ask(asked) THEN RETURN jsonb_build_object('outcome', 'ADDITION_REFUSED'); END IF;
  added := ARRAY(SELECT x FROM unnest(added) x WHERE x <> ALL (asked) ORDER BY 1);
  IF c.member_count + cardinality(added) > p_limit THEN RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS'); END IF;
  events := parley_join(p_actor, c, added);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events || parley_request(p_actor, p_conversation, asked));
END $$;
