-- p_mention_ids: null leaves the mentions as they are, an empty list takes them away. The former text stays in
-- message_revisions, of which a message has at most 100.
CREATE OR REPLACE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int, p_mention_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m messages; history_from int; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT history_from_seq INTO history_from FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > history_from;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- An edit brings a text to the other person as a message does.
  IF m.sender_id <> p_actor OR c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key) THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  PERFORM parley_await_reads(c);
  IF NOT parley_editable(c, m) THEN RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy); END IF;
  IF p_expected_revision IS NOT NULL AND p_expected_revision <> m.revision THEN
    RETURN jsonb_build_object('outcome', 'REVISION_CONFLICT', 'eventSeq', c.head_event_seq, 'mark', c.head_mark,
      'message', parley_message_json(m));
  END IF;
  IF parley_extras_refused(p_actor, p_conversation, p_mention_ids, false, NULL, m.mention_ids) IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'MENTION_NOT_MEMBER');
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  INSERT INTO message_revisions (conversation_id, message_seq, revision, text, edited_at)
  VALUES (p_conversation, p_seq, m.revision, coalesce(m.text, ''), coalesce(m.edited_at, m.created_at));
  DELETE FROM message_revisions WHERE conversation_id = p_conversation AND message_seq = p_seq
    AND revision <= m.revision - 100;
  IF p_mention_ids IS NOT NULL THEN
    DELETE FROM mentions WHERE conversation_id = p_conversation AND message_seq = p_seq;
    m.mention_ids := nullif(p_mention_ids, '{}');
    PERFORM parley_store_extras(p_actor, p_conversation, p_seq, m.mention_ids, m.mentions_everyone, NULL);
  END IF;
  UPDATE messages SET text = p_text, revision = m.revision + 1, edited_at = at, mention_ids = m.mention_ids
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_EDITED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- For processes of the former version: the mentions stay.
CREATE OR REPLACE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_edit_message(p_actor, p_conversation, p_seq, p_op_key, p_hash, p_text, p_expected_revision, NULL);
$$;
