-- Conversations and who is in them. The rules of 20261120000001_writes hold here too.

CREATE FUNCTION parley_all_exist(p_users uuid[]) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT count(*) FROM users WHERE id = ANY (p_users)) = (SELECT count(DISTINCT u) FROM unnest(p_users) u);

CREATE FUNCTION parley_start_direct(p_actor uuid, p_peer uuid, p_new_id uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  pair text := least(p_actor, p_peer)::text || ':' || greatest(p_actor, p_peer)::text;
  conversation uuid;
BEGIN
  IF NOT parley_all_exist(ARRAY[p_actor, p_peer]) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', '[]'::jsonb);
  END IF;
  INSERT INTO conversations (id, kind, pair_key, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'DIRECT', pair, 2, parley_now(), parley_now())
  ON CONFLICT (pair_key) DO NOTHING RETURNING id INTO conversation;
  IF NOT FOUND THEN
    -- The peer's own request won the race; ON CONFLICT waited for its commit.
    SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', '[]'::jsonb);
  END IF;
  INSERT INTO members (conversation_id, user_id, joined_at)
  VALUES (p_new_id, p_actor, parley_now()), (p_new_id, p_peer, parley_now());
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id,
    'events', parley_inbox_events(ARRAY[p_actor, p_peer], p_new_id, p_actor, '{"joinedEventSeq": 0}'));
END $$;

CREATE FUNCTION parley_create_group(p_actor uuid, p_new_id uuid, p_title text, p_policy edit_policy, p_members uuid[],
  p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  replayed jsonb; at timestamptz := parley_now(); events jsonb; own jsonb;
  everyone uuid[] := ARRAY(SELECT DISTINCT unnest(p_members || p_actor) ORDER BY 1);
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN
    RETURN replayed || jsonb_build_object('conversationId', replayed->'data'->'conversationId');
  END IF;
  IF NOT parley_all_exist(everyone) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  INSERT INTO conversations (id, kind, title, edit_policy, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'GROUP', p_title, p_policy, cardinality(everyone), at, at);
  INSERT INTO members (conversation_id, user_id, role, joined_at)
  SELECT p_new_id, u, CASE WHEN u = p_actor THEN 'OWNER' ELSE 'MEMBER' END::member_role, at FROM unnest(everyone) u;
  events := parley_inbox_events(everyone, p_new_id, p_actor, '{"joinedEventSeq": 0}', p_op_key, p_hash);
  SELECT e INTO own FROM jsonb_array_elements(events) e WHERE e->>'streamId' = p_actor::text;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id, 'streamId', own->'streamId',
    'eventSeq', own->'seq', 'events', events);
END $$;

CREATE FUNCTION parley_rename_conversation(p_actor uuid, p_conversation uuid, p_title text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; my_role member_role;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT role INTO my_role FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF my_role IS NULL THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' OR my_role = 'MEMBER' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF c.title IS NOT DISTINCT FROM p_title THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE conversations SET title = p_title WHERE id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;

-- People who are members already stay as they are. Who comes (back) has nothing unread.
CREATE FUNCTION parley_add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; my_role member_role; u uuid; added uuid[]; events jsonb := '[]'; head int;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT role INTO my_role FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF my_role IS NULL THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' OR my_role = 'MEMBER' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF NOT parley_all_exist(p_users) THEN RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND'); END IF;
  added := ARRAY(SELECT DISTINCT x FROM unnest(p_users) x WHERE NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x AND left_at IS NULL) ORDER BY 1);
  IF c.member_count + cardinality(added) > p_limit THEN RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS'); END IF;
  head := c.head_event_seq;
  FOREACH u IN ARRAY added LOOP
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq)
    VALUES (p_conversation, u, c.head_seq, c.head_seq, c.head_seq, parley_now(), head)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq;
    events := events || parley_conversation_event(p_conversation, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', u));
    head := head + 1;
  END LOOP;
  UPDATE conversations SET member_count = member_count + cardinality(added) WHERE id = p_conversation;
  -- The personal event names the place in the conversation's stream just before the first of these joins.
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    events || parley_inbox_events(added, p_conversation, p_actor, jsonb_build_object('joinedEventSeq', c.head_event_seq)));
END $$;

-- Ends a membership in a group whose row the caller holds. An owner who goes hands over to the admin, else the member, who
-- has been there longest.
CREATE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE was member_role; heir uuid; events jsonb;
BEGIN
  SELECT role INTO was FROM members WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE members SET left_at = parley_now(), role = 'MEMBER' WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE conversations SET member_count = member_count - 1 WHERE id = p_conversation;
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'MEMBER_LEFT', p_actor, jsonb_build_object('userId', p_user)));
  IF was = 'OWNER' THEN
    UPDATE members SET role = 'OWNER' WHERE conversation_id = p_conversation AND user_id = (
      SELECT user_id FROM members WHERE conversation_id = p_conversation AND left_at IS NULL
       ORDER BY role = 'ADMIN' DESC, joined_at, user_id LIMIT 1)
    RETURNING user_id INTO heir;
    IF heir IS NOT NULL THEN
      events := events || parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL);
    END IF;
  END IF;
  RETURN events;
END $$;

-- Removal by another, or leaving when p_user is the actor.
CREATE FUNCTION parley_remove_member(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; my_role member_role; target members;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT role INTO my_role FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF my_role IS NULL THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind = 'DIRECT' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO target FROM members WHERE conversation_id = p_conversation AND user_id = p_user AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', CASE WHEN my_role = 'MEMBER' THEN 'FORBIDDEN' ELSE 'USER_NOT_FOUND' END); END IF;
  IF p_user <> p_actor AND (my_role = 'MEMBER' OR (my_role = 'ADMIN' AND target.role <> 'MEMBER')) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    parley_end_membership(p_actor, p_conversation, p_user)
      || parley_inbox_events(ARRAY[p_user], p_conversation, p_actor, '{"left": true}'));
END $$;
