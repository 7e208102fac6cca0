-- Somebody of the staff removes a message of any conversation, also where they are no member. They learn nothing of it by that.
-- Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_moderate_message(p_actor uuid, p_conversation uuid, p_seq int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m messages; at timestamptz; new_mark text; log_xid xid8; deleted jsonb;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  UPDATE messages SET text = NULL, salt = NULL, deleted_at = at, deleted_by_id = p_actor,
    mention_ids = NULL, mentions_everyone = false, attachment_count = 0
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  PERFORM parley_clear_messages(p_conversation, ARRAY[p_seq]);
  deleted := parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, NULL, NULL,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid);
  PERFORM parley_audit('message.removed', p_actor, m.sender_id, p_conversation, jsonb_build_object('seq', p_seq, 'as', 'STAFF'));
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', jsonb_build_array(deleted));
END $$;
