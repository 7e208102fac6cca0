-- The owner deletes a group: it is closed for all who are in it, and all its messages become tombstones. The newest ones, up
-- to p_stretch, in this transaction; parley_delete_texts does the others.
CREATE OR REPLACE FUNCTION parley_delete_conversation(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_stretch int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'DELETE_CONVERSATION') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET closed_at = at, deleted_at = at, deleted_by_id = p_actor, texts_left_seq = c.head_seq,
    head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  PERFORM parley_delete_texts(p_conversation, p_stretch);
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'CONVERSATION_UPDATED', p_actor, p_op_key, p_hash,
    NULL, '{"deleted": true}', at, NULL, new_mark, c.head_mark, log_xid));
END $$;
