-- Inserts one row of the log. The caller has set the same number, mark and transaction in the stream's head row;
-- p_mark_before is the mark that it had before. historyBound: messages up to this seq are withheld from some member now; an
-- event of a message that was just sent is withheld from nobody. desk: it is of a support conversation, so the desk's stream
-- moves with it.
CREATE OR REPLACE FUNCTION parley_event(p_stream uuid, p_seq int, p_type event_type, p_actor uuid, p_op_key text, p_hash bytea,
  p_message_seq int, p_data jsonb, p_at timestamptz, p_message jsonb, p_mark text, p_mark_before text, p_xid xid8)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, data, occurred_at, mark, mark_before, xid)
  VALUES (p_stream, p_seq, p_type, p_actor, p_op_key, p_hash, p_message_seq, p_data, p_at, p_mark, p_mark_before, p_xid);
  RETURN jsonb_build_object('streamId', p_stream, 'seq', p_seq, 'type', p_type, 'actorId', p_actor,
    'messageSeq', p_message_seq, 'data', p_data, 'occurredAt', p_at, 'mark', p_mark, 'markBefore', p_mark_before,
    'message', p_message, 'historyBound', CASE WHEN p_message_seq IS NULL OR p_type = 'MESSAGE_SENT' THEN 0
      ELSE (SELECT history_bound_seq FROM conversations WHERE id = p_stream) END,
    'desk', EXISTS (SELECT FROM support_cases WHERE conversation_id = p_stream));
END $$;
