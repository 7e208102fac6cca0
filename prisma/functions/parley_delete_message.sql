-- The sender may delete within the edit policy; who may DELETE_OTHERS, at any time.
CREATE OR REPLACE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; moderates boolean; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; deleted jsonb;
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
  moderates := parley_may(c, me, 'DELETE_OTHERS');
  IF m.sender_id <> p_actor AND NOT moderates THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF NOT moderates THEN PERFORM parley_await_reads(c); END IF;
  IF NOT moderates AND NOT parley_editable(c, m) THEN
    RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy);
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
  deleted := parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, p_op_key, p_hash,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid);
  IF m.sender_id <> p_actor THEN
    PERFORM parley_audit('message.removed', p_actor, m.sender_id, p_conversation, jsonb_build_object('seq', p_seq, 'as', 'MEMBER'));
  END IF;
  RETURN parley_accepted(deleted);
END $$;
