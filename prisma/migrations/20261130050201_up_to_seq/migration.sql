-- Functions as prisma/functions has them (npm run migration:functions).

-- Takes a conversation out of the actor's inbox until the next message (parley_unarchive brings it back), and with p_clear
-- withholds the messages up to here from them for good. A hidden entry is archived too, so that nothing else has to look for
-- it; parley_update_entry takes it back.
--
-- p_up_to: the newest message that the actor has seen. It is then as if they had done this before any later message came: what
-- is later has brought the conversation back already, and is not withheld. So a repetition changes nothing.
CREATE OR REPLACE FUNCTION parley_hide_conversation(p_actor uuid, p_conversation uuid, p_clear boolean, p_up_to int) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; up_to int; hides boolean; clears boolean;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  up_to := least(p_up_to, c.head_seq);
  hides := up_to = c.head_seq AND NOT me.hidden;
  clears := p_clear AND me.cleared_seq < up_to;
  IF NOT hides AND NOT clears THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  IF hides THEN
    UPDATE members SET hidden = true, archived = true, pinned = false WHERE conversation_id = p_conversation AND user_id = p_actor;
  END IF;
  IF clears THEN
    -- Only their own devices learn that nothing up to here is unread: the others are not told that they read it.
    UPDATE members SET history_from_seq = greatest(history_from_seq, up_to), cleared_seq = up_to,
      own_read_seq = greatest(own_read_seq, up_to),
      caught_up = c.inbox_due_at IS NOT NULL AND greatest(own_read_seq, up_to) >= c.head_seq
     WHERE conversation_id = p_conversation AND user_id = p_actor
    RETURNING history_from_seq INTO up_to;
    UPDATE conversations SET history_bound_seq = greatest(history_bound_seq, up_to) WHERE id = p_conversation;
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor,
    CASE WHEN clears THEN jsonb_build_object('historyFromSeq', up_to) ELSE '{}' END));
END $$;

-- For processes of the former version: everything up to now is meant.
CREATE OR REPLACE FUNCTION parley_hide_conversation(p_actor uuid, p_conversation uuid, p_clear boolean) RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_hide_conversation(p_actor, p_conversation, p_clear, NULL);
$$;

-- p_up_to: the newest message that the actor has seen. It is then as if they had set the status before any later message came:
-- one of the person would have opened a resolved conversation again, so it stays open.
--
-- resolutionMs: how long the conversation was open before it was resolved for the first time, when this does that.
CREATE OR REPLACE FUNCTION parley_set_support_status(p_actor uuid, p_conversation uuid, p_status support_status, p_up_to int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; s support_cases; at timestamptz; taken_ms float8;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  SELECT * INTO STRICT s FROM support_cases WHERE conversation_id = p_conversation;
  IF s.status = p_status THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'resolutionMs', NULL, 'events', '[]'::jsonb); END IF;
  IF p_status = 'RESOLVED' AND EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = s.user_id AND last_sent_seq > p_up_to
  ) THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'resolutionMs', NULL, 'events', '[]'::jsonb); END IF;
  at := parley_now();
  IF p_status = 'RESOLVED' AND s.first_resolved_at IS NULL THEN taken_ms := extract(epoch FROM at - c.created_at) * 1000; END IF;
  UPDATE support_cases SET status = p_status, resolved_at = CASE WHEN p_status = 'RESOLVED' THEN at END,
    first_resolved_at = CASE WHEN p_status = 'RESOLVED' THEN coalesce(first_resolved_at, at) ELSE first_resolved_at END
   WHERE conversation_id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'resolutionMs', taken_ms, 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;

-- For processes of the former version: everything up to now was seen.
CREATE OR REPLACE FUNCTION parley_set_support_status(p_actor uuid, p_conversation uuid, p_status support_status) RETURNS jsonb
LANGUAGE sql AS $$
  SELECT parley_set_support_status(p_actor, p_conversation, p_status, NULL);
$$;
