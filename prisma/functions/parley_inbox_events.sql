-- "A conversation came, went, or its entry changed", on each of these users' personal streams.
CREATE OR REPLACE FUNCTION parley_inbox_events(p_users uuid[], p_conversation uuid, p_actor uuid, p_data jsonb,
  p_op_key text DEFAULT NULL, p_hash bytea DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  u uuid; head int; mark_before text; new_mark text; log_xid xid8 := parley_xid(); result jsonb := '[]';
  payload jsonb := jsonb_build_object('conversationId', p_conversation) || p_data;
BEGIN
  FOR u IN SELECT DISTINCT unnest(p_users) ORDER BY 1 LOOP
    new_mark := parley_mark();
    SELECT head_mark INTO mark_before FROM users WHERE id = u FOR NO KEY UPDATE;
    UPDATE users SET head_event_seq = head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
     WHERE id = u RETURNING head_event_seq INTO head;
    result := result || parley_event(u, head, 'INBOX_ENTRY_CHANGED', p_actor,
      CASE WHEN u = p_actor THEN p_op_key END, CASE WHEN u = p_actor THEN p_hash END, NULL, payload, parley_now(), NULL,
      new_mark, mark_before, log_xid);
  END LOOP;
  RETURN result;
END $$;
