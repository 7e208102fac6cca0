-- The actor accepts or declines what somebody began with them. Only their own devices are told that they declined; who asked is not,
-- and finds everything as before. Repeating it changes nothing, and what was declined can be accepted later.
CREATE OR REPLACE FUNCTION parley_answer_request(p_actor uuid, p_conversation uuid, p_accepted boolean, p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; r requests; events jsonb := '[]';
BEGIN
  -- Who is neither asked nor in it waits for nobody.
  IF NOT EXISTS (SELECT FROM requests WHERE conversation_id = p_conversation AND user_id = p_actor)
    AND NOT (p_accepted AND parley_is_member(p_actor, p_conversation)) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO r FROM requests WHERE conversation_id = p_conversation AND user_id = p_actor FOR UPDATE;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('outcome', CASE WHEN p_accepted AND parley_is_member(p_actor, p_conversation) THEN 'ACCEPTED' ELSE 'NOT_FOUND' END,
      'events', '[]'::jsonb);
  END IF;
  IF c.kind = 'GROUP' AND NOT parley_is_invited(c, r) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT p_accepted THEN
    UPDATE requests SET declined_at = parley_now() WHERE conversation_id = p_conversation AND user_id = p_actor AND declined_at IS NULL;
    IF FOUND THEN events := parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'); END IF;
  ELSIF c.kind = 'DIRECT' THEN
    events := parley_take_direct(p_actor, p_conversation);
  ELSIF c.member_count >= p_limit THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS');
  ELSE
    events := parley_join(p_actor, c, ARRAY[p_actor]);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;
