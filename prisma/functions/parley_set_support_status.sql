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
