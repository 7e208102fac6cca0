-- The actor takes up a direct conversation that was a request to them, if it was one. Their own devices are told; what was read or
-- received before, others do not learn.
CREATE OR REPLACE FUNCTION parley_take_direct(p_actor uuid, p_conversation uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  UPDATE members SET requested = false, hidden = false, archived = false
   WHERE conversation_id = p_conversation AND user_id = p_actor AND requested;
  IF NOT FOUND THEN RETURN '[]'; END IF;
  DELETE FROM requests WHERE conversation_id = p_conversation AND user_id = p_actor;
  RETURN parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}');
END $$;
