-- Appends to the stream of a conversation whose row the caller holds.
CREATE OR REPLACE FUNCTION parley_conversation_event(p_conversation uuid, p_type event_type, p_actor uuid, p_data jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE head int;
BEGIN
  UPDATE conversations SET head_event_seq = head_event_seq + 1 WHERE id = p_conversation RETURNING head_event_seq INTO head;
  RETURN parley_event(p_conversation, head, p_type, p_actor, NULL, NULL, NULL, p_data, parley_now(), NULL);
END $$;
