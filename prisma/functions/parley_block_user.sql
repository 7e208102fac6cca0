-- Blocks a person, or no longer does. Only the actor's own devices are told. The direct conversation of the two is locked, so
-- that a send that is under way comes before, and none after. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_block_user(p_actor uuid, p_user uuid, p_blocked boolean, p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE head int; mark_before text; new_mark text; log_xid xid8 := parley_xid();
BEGIN
  PERFORM FROM conversations
    WHERE pair_key = least(p_actor, p_user)::text || ':' || greatest(p_actor, p_user)::text FOR NO KEY UPDATE;
  PERFORM FROM users WHERE id IN (p_actor, p_user) ORDER BY id FOR NO KEY UPDATE;
  IF p_blocked AND NOT parley_all_exist(ARRAY[p_user]) OR NOT EXISTS (SELECT FROM users WHERE id = p_user) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  IF p_blocked THEN
    IF p_limit <= (SELECT count(*) FROM blocks WHERE blocker_id = p_actor)
      AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_user) THEN
      RETURN jsonb_build_object('outcome', 'TOO_MANY_BLOCKS');
    END IF;
    INSERT INTO blocks (blocker_id, blocked_id, created_at) VALUES (p_actor, p_user, parley_now()) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_user;
  END IF;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  new_mark := parley_mark();
  SELECT head_mark INTO mark_before FROM users WHERE id = p_actor;
  UPDATE users SET head_event_seq = head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_actor RETURNING head_event_seq INTO head;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', jsonb_build_array(parley_event(p_actor, head, 'BLOCK_CHANGED', p_actor,
    NULL, NULL, NULL, jsonb_build_object('userId', p_user, 'blocked', p_blocked), parley_now(), NULL, new_mark, mark_before, log_xid)));
END $$;
