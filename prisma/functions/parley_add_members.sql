-- People who are members already do not change. A person who joins (again) has no unread messages, and sees of the history
-- what the group's visibility lets them see now; what they cleared themselves stays cleared.
CREATE OR REPLACE FUNCTION parley_add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; bound int := 0; u uuid; added uuid[]; events jsonb := '[]'; head int;
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
  IF NOT parley_all_take(p_actor, added) THEN RETURN jsonb_build_object('outcome', 'ADDITION_REFUSED'); END IF;
  IF c.member_count + cardinality(added) > p_limit THEN RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS'); END IF;
  head := c.head_event_seq;
  IF c.history_visibility = 'SINCE_JOINED' THEN bound := c.head_seq; END IF;
  FOREACH u IN ARRAY added LOOP
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq,
      history_from_seq)
    VALUES (p_conversation, u, c.head_seq, c.head_seq, c.head_seq, parley_now(), head, bound)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false, hidden = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq,
      history_from_seq = greatest(excluded.history_from_seq, members.cleared_seq);
    events := events || parley_conversation_event(p_conversation, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', u));
    head := head + 1;
  END LOOP;
  UPDATE conversations SET member_count = member_count + cardinality(added),
    history_bound_seq = CASE WHEN cardinality(added) > 0 THEN greatest(history_bound_seq, bound) ELSE history_bound_seq END
   WHERE id = p_conversation;
  -- The personal event names the place in the conversation's stream just before the first of these joins.
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    events || parley_inbox_events(added, p_conversation, p_actor, jsonb_build_object('joinedEventSeq', c.head_event_seq)));
END $$;
