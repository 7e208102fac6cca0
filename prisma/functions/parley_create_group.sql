CREATE OR REPLACE FUNCTION parley_create_group(p_actor uuid, p_new_id uuid, p_title text, p_policy edit_policy, p_members uuid[],
  p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  replayed jsonb; at timestamptz := parley_now(); events jsonb; own jsonb; asked uuid[];
  everyone uuid[] := ARRAY(SELECT DISTINCT unnest(p_members || p_actor) ORDER BY 1);
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN
    RETURN replayed || jsonb_build_object('conversationId', replayed->'data'->'conversationId');
  END IF;
  -- Who blocked the actor is added by them to nothing.
  IF NOT parley_all_exist(everyone) OR EXISTS (SELECT FROM blocks WHERE blocked_id = p_actor AND blocker_id = ANY (everyone)) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  asked := parley_not_taking(p_actor, everyone);
  IF NOT parley_may_ask(asked) THEN RETURN jsonb_build_object('outcome', 'ADDITION_REFUSED'); END IF;
  everyone := ARRAY(SELECT u FROM unnest(everyone) u WHERE u <> ALL (asked) ORDER BY 1);
  INSERT INTO conversations (id, kind, title, edit_policy, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'GROUP', p_title, p_policy, cardinality(everyone), at, at);
  INSERT INTO members (conversation_id, user_id, role, joined_at)
  SELECT p_new_id, u, CASE WHEN u = p_actor THEN 'OWNER' ELSE 'MEMBER' END::member_role, at FROM unnest(everyone) u;
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  events := parley_inbox_events(everyone, p_new_id, p_actor, '{"joinedEventSeq": 0}', p_op_key, p_hash);
  SELECT e INTO own FROM jsonb_array_elements(events) e WHERE e->>'streamId' = p_actor::text;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id, 'streamId', own->'streamId',
    'eventSeq', own->'seq', 'events', events || parley_request(p_actor, p_new_id, asked));
END $$;
