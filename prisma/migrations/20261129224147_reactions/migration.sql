-- Functions as prisma/functions has them (npm run migration:functions).

-- The last step for one conversation: messages after p_after_seq are erased too, and one event tells all readers to drop
-- their copies. That event is also needed if only events name the person, as in a group that they left without writing. The
-- membership is marked as erased; a table with other data of a person in a conversation must be cleared here. The person
-- leaves a group, and a direct conversation is closed. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_erase_in_conversation(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m members; at timestamptz; events jsonb;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM members WHERE conversation_id = p_conversation AND user_id = p_user FOR NO KEY UPDATE;
  IF m.erased_at IS NOT NULL AND (c.kind = 'DIRECT' OR m.left_at IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  at := parley_now();
  PERFORM parley_erase_messages(p_actor, p_conversation, p_user, p_after_seq, m.last_sent_seq);
  UPDATE messages x SET mention_ids = nullif(array_remove(x.mention_ids, p_user), '{}') FROM mentions n
   WHERE n.user_id = p_user AND n.conversation_id = p_conversation
     AND x.conversation_id = p_conversation AND x.seq = n.message_seq;
  DELETE FROM mentions WHERE user_id = p_user AND conversation_id = p_conversation;
  PERFORM parley_erase_reactions(p_conversation, p_user, NULL);
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'USER_ERASED', p_actor, jsonb_build_object('userId', p_user)));
  UPDATE members SET last_sent_seq = 0, erased_at = at WHERE conversation_id = p_conversation AND user_id = p_user;
  IF c.kind = 'DIRECT' THEN
    UPDATE conversations SET closed_at = coalesce(closed_at, at) WHERE id = p_conversation;
  ELSIF m.left_at IS NULL THEN
    events := events || parley_end_membership(p_actor, p_conversation, p_user);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;

-- The person chose the texts of their keys, and a request hash can confirm a guess of a text. So both are removed, a batch
-- at a time. Returns how many.
CREATE OR REPLACE FUNCTION parley_erase_keys(p_user uuid, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE erased int;
BEGIN
  UPDATE events SET op_key = NULL, request_hash = NULL,
    -- What they reacted with.
    data = CASE WHEN type = 'REACTION_TOGGLED' THEN data - 'kind' ELSE data END
   WHERE (stream_id, seq) IN (
    SELECT stream_id, seq FROM events WHERE actor_id = p_user AND op_key IS NOT NULL LIMIT p_limit);
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END $$;

-- Removes up to p_limit of a person's reactions in a conversation (null: all), so that many take many short steps. Returns how
-- many. Their counts fall; the event at the end of the erasure tells the readers.
CREATE OR REPLACE FUNCTION parley_erase_reactions(p_conversation uuid, p_user uuid, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE erased int;
BEGIN
  PERFORM FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  WITH gone AS (
    DELETE FROM reactions WHERE (conversation_id, message_seq, user_id, kind) IN (
      SELECT conversation_id, message_seq, user_id, kind FROM reactions
       WHERE user_id = p_user AND conversation_id = p_conversation LIMIT p_limit)
    RETURNING message_seq, kind)
  UPDATE reaction_kinds k SET count = k.count - 1, since_event_seq = CASE WHEN k.count > 1 THEN k.since_event_seq END
    FROM gone WHERE k.conversation_id = p_conversation AND k.message_seq = gone.message_seq AND k.kind = gone.kind;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END $$;

-- What is as it should be already is accepted and appends nothing: each event is a change. It is no activity: the
-- conversation's time, its members' places in the inbox and what they have read stay.
CREATE OR REPLACE FUNCTION parley_toggle_reaction(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea,
  p_emoji text, p_on boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  max_kinds CONSTANT int := 20;
  c conversations; m messages; history_from int; k reaction_kinds; replayed jsonb; had boolean; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  -- Whoever was erased stays in a direct conversation, and must leave nothing there any more.
  SELECT history_from_seq INTO history_from FROM members
   WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL AND erased_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > history_from;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  SELECT * INTO k FROM reaction_kinds WHERE conversation_id = p_conversation AND message_seq = p_seq AND emoji = p_emoji;
  had := EXISTS (SELECT FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor
    AND kind = k.kind);
  IF had = p_on THEN
    PERFORM parley_keep_op_key(c, p_actor, p_op_key, parley_salted(p_hash, m.salt), p_seq);
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_conversation, 'eventSeq', c.head_event_seq,
      'mark', c.head_mark, 'message', parley_message_json(m), 'events', '[]'::jsonb);
  END IF;
  IF p_on AND k.since_event_seq IS NULL AND max_kinds <= (SELECT count(*) FROM reaction_kinds
    WHERE conversation_id = p_conversation AND message_seq = p_seq AND since_event_seq IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_REACTIONS');
  END IF;
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  IF k.kind IS NULL THEN
    INSERT INTO reaction_kinds (conversation_id, message_seq, kind, emoji)
    SELECT p_conversation, p_seq, 1 + coalesce(max(kind), 0), p_emoji FROM reaction_kinds
     WHERE conversation_id = p_conversation AND message_seq = p_seq
    RETURNING * INTO k;
  END IF;
  UPDATE reaction_kinds SET count = k.count + CASE WHEN p_on THEN 1 ELSE -1 END,
    since_event_seq = CASE WHEN p_on THEN coalesce(k.since_event_seq, c.head_event_seq + 1)
      WHEN k.count > 1 THEN k.since_event_seq END
   WHERE conversation_id = p_conversation AND message_seq = p_seq AND kind = k.kind;
  IF p_on THEN
    INSERT INTO reactions (conversation_id, message_seq, user_id, kind, event_seq)
    VALUES (p_conversation, p_seq, p_actor, k.kind, c.head_event_seq + 1);
  ELSE
    DELETE FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor AND kind = k.kind;
  END IF;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'REACTION_TOGGLED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, jsonb_build_object('kind', k.kind, 'on', p_on), parley_now(),
    parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- Remembers the key of an accepted write that changed nothing, and so has no event to be remembered by. Its answer is the
-- head of the conversation, whose row the caller holds, at this moment.
CREATE OR REPLACE FUNCTION parley_keep_op_key(c conversations, p_actor uuid, p_op_key text, p_hash bytea, p_message_seq int)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, mark, message_seq, occurred_at)
  VALUES (p_actor, p_op_key, p_hash, c.id, c.head_event_seq, c.head_mark, p_message_seq, parley_now())
  -- Used for something else in another conversation at this very moment: nothing was changed here.
  ON CONFLICT DO NOTHING;
$$;
