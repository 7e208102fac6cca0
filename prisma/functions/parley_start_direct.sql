CREATE OR REPLACE FUNCTION parley_start_direct(p_actor uuid, p_peer uuid, p_new_id uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  pair text := least(p_actor, p_peer)::text || ':' || greatest(p_actor, p_peer)::text;
  conversation uuid; asks boolean;
BEGIN
  IF NOT parley_all_exist(ARRAY[p_actor, p_peer]) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- Whoever is blocked gets the answer of a person who is not there, whether or not they wrote to one another before.
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', parley_take_direct(p_actor, conversation));
  END IF;
  -- Under the locks that a block takes: of the two, one comes first.
  PERFORM FROM users WHERE id IN (p_actor, p_peer) ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_peer) THEN
    RETURN jsonb_build_object('outcome', 'BLOCKED_BY_ACTOR');
  END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  asks := NOT parley_takes_direct(p_actor, p_peer);
  IF asks AND NOT parley_may_ask(ARRAY[p_peer]) THEN RETURN jsonb_build_object('outcome', 'DIRECT_REFUSED'); END IF;
  INSERT INTO conversations (id, kind, pair_key, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'DIRECT', pair, 2, parley_now(), parley_now())
  ON CONFLICT (pair_key) DO NOTHING RETURNING id INTO conversation;
  IF NOT FOUND THEN
    -- The peer's own request won the race; ON CONFLICT waited for its commit.
    SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', parley_take_direct(p_actor, conversation));
  END IF;
  -- A request is hidden as what the peer has hidden, so that nothing else has to look for it.
  INSERT INTO members (conversation_id, user_id, joined_at, requested, hidden, archived)
  VALUES (p_new_id, p_actor, parley_now(), false, false, false), (p_new_id, p_peer, parley_now(), asks, asks, asks);
  IF asks THEN
    INSERT INTO requests (conversation_id, user_id, from_id, created_at) VALUES (p_new_id, p_peer, p_actor, parley_now());
  END IF;
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id,
    'events', parley_inbox_events(ARRAY[p_actor, p_peer], p_new_id, p_actor, '{"joinedEventSeq": 0}'));
END $$;
