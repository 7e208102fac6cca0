CREATE OR REPLACE FUNCTION parley_rename_conversation(p_actor uuid, p_conversation uuid, p_title text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'RENAME') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF c.title IS NOT DISTINCT FROM p_title THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE conversations SET title = p_title WHERE id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;
