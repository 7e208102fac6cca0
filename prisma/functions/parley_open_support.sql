-- The first event of a support conversation is that its user joined, so that the desk is told of it before anything is sent.
CREATE OR REPLACE FUNCTION parley_open_support(p_actor uuid, p_new_id uuid, p_title text, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE replayed jsonb; at timestamptz := parley_now(); events jsonb; own jsonb;
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN
    RETURN replayed || jsonb_build_object('conversationId', replayed->'data'->'conversationId');
  END IF;
  INSERT INTO conversations (id, kind, title, edit_policy, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'SUPPORT', p_title, 'UNTIL_READ', 1, at, at);
  INSERT INTO support_cases (conversation_id, user_id, queue_at) VALUES (p_new_id, p_actor, at);
  INSERT INTO members (conversation_id, user_id, role, joined_at) VALUES (p_new_id, p_actor, 'MEMBER', at);
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  events := jsonb_build_array(
    parley_conversation_event(p_new_id, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', p_actor)));
  events := events || parley_inbox_events(ARRAY[p_actor], p_new_id, p_actor, '{"joinedEventSeq": 0}', p_op_key, p_hash);
  SELECT e INTO own FROM jsonb_array_elements(events) e WHERE e->>'streamId' = p_actor::text;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id, 'streamId', own->'streamId',
    'eventSeq', own->'seq', 'events', events);
END $$;
