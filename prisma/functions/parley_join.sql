-- Makes people members of a group whose row the caller has locked. Who joins (again) has no unread messages, and sees of the history
-- what the group's visibility lets them see now; what they cleared themselves stays cleared.
CREATE OR REPLACE FUNCTION parley_join(p_actor uuid, c conversations, p_users uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE bound int := 0; u uuid; events jsonb := '[]'; head int := c.head_event_seq;
BEGIN
  IF c.history_visibility = 'SINCE_JOINED' THEN bound := c.head_seq; END IF;
  FOREACH u IN ARRAY p_users LOOP
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq,
      history_from_seq)
    VALUES (c.id, u, c.head_seq, c.head_seq, c.head_seq, parley_now(), head, bound)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false, hidden = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq,
      history_from_seq = greatest(excluded.history_from_seq, members.cleared_seq);
    events := events || parley_conversation_event(c.id, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', u));
    head := head + 1;
  END LOOP;
  DELETE FROM requests WHERE conversation_id = c.id AND user_id = ANY (p_users);
  UPDATE conversations SET member_count = member_count + cardinality(p_users),
    history_bound_seq = CASE WHEN cardinality(p_users) > 0 THEN greatest(history_bound_seq, bound) ELSE history_bound_seq END
   WHERE id = c.id;
  -- The personal event names the place in the conversation's stream just before the first of these joins.
  RETURN events || parley_inbox_events(p_users, c.id, p_actor, jsonb_build_object('joinedEventSeq', c.head_event_seq));
END $$;
