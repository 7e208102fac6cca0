-- Appends to the stream of a conversation whose row the caller holds.
CREATE OR REPLACE FUNCTION parley_conversation_event(p_conversation uuid, p_type event_type, p_actor uuid, p_data jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE head int; mark_before text; new_mark text := parley_mark(); log_xid xid8 := parley_xid();
BEGIN
  SELECT head_mark INTO mark_before FROM conversations WHERE id = p_conversation;
  UPDATE conversations SET head_event_seq = head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation RETURNING head_event_seq INTO head;
  RETURN parley_event(p_conversation, head, p_type, p_actor, NULL, NULL, NULL, p_data, parley_now(), NULL,
    new_mark, mark_before, log_xid);
END $$;
