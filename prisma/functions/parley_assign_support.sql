-- p_assignee null: nobody is responsible.
CREATE OR REPLACE FUNCTION parley_assign_support(p_actor uuid, p_conversation uuid, p_assignee uuid) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE s support_cases;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  PERFORM FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_is_member(p_actor, p_conversation) THEN 'FORBIDDEN' ELSE 'NOT_FOUND' END);
  END IF;
  SELECT * INTO STRICT s FROM support_cases WHERE conversation_id = p_conversation;
  IF p_assignee IS NOT NULL AND NOT parley_is_staff(p_assignee) THEN
    RETURN jsonb_build_object('outcome', CASE WHEN parley_all_exist(ARRAY[p_assignee]) THEN 'NOT_STAFF' ELSE 'USER_NOT_FOUND' END);
  END IF;
  IF s.assignee_id IS NOT DISTINCT FROM p_assignee THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE support_cases SET assignee_id = p_assignee WHERE conversation_id = p_conversation;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL)));
END $$;
