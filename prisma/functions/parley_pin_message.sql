-- What is as it should be already is accepted and appends nothing.
CREATE OR REPLACE FUNCTION parley_pin_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_pinned boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  max_pins CONSTANT int := 50;
  c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; pinned jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > me.history_from_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'PIN') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF p_pinned = EXISTS (SELECT FROM pins WHERE conversation_id = p_conversation AND message_seq = p_seq) THEN
    PERFORM parley_keep_op_key(c, p_actor, p_op_key, p_hash, p_seq);
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_conversation, 'eventSeq', c.head_event_seq,
      'mark', c.head_mark, 'message', parley_message_json(m), 'events', '[]'::jsonb);
  END IF;
  IF p_pinned AND max_pins <= (SELECT count(*) FROM pins WHERE conversation_id = p_conversation) THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_PINS');
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  IF p_pinned THEN
    INSERT INTO pins (conversation_id, message_seq, pinned_at, event_seq) VALUES (p_conversation, p_seq, at, c.head_event_seq + 1);
  ELSE
    DELETE FROM pins WHERE conversation_id = p_conversation AND message_seq = p_seq;
  END IF;
  -- With the message's number, by which a repeated request finds it: the event itself is about the conversation.
  pinned := parley_event(p_conversation, c.head_event_seq + 1, 'CONVERSATION_UPDATED', p_actor, p_op_key, p_hash, p_seq, NULL, at,
    NULL, new_mark, c.head_mark, log_xid);
  RETURN parley_accepted(pinned) || jsonb_build_object('message', parley_message_json(m));
END $$;
