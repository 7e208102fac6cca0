-- p_mention_ids and p_attachment_ids: null when there are none, else without duplicates.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text,
  p_reply_to int, p_mention_ids uuid[], p_mention_everyone boolean, p_attachment_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; sent jsonb; besides jsonb; refusal text;
  refused jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.closed_at IS NOT NULL OR c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key) THEN RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED'); END IF;
  IF p_reply_to IS NOT NULL AND (p_reply_to <= me.history_from_seq OR p_reply_to > c.head_seq) THEN
    RETURN jsonb_build_object('outcome', 'REPLY_NOT_FOUND');
  END IF;
  IF p_mention_ids IS NOT NULL OR p_mention_everyone THEN
    refusal := parley_extras_refused(p_actor, p_conversation, p_mention_ids, p_mention_everyone, NULL);
    IF refusal IS NOT NULL THEN RETURN jsonb_build_object('outcome', refusal); END IF;
  END IF;
  IF p_attachment_ids IS NOT NULL THEN
    refused := parley_attachments_refused(p_actor, p_attachment_ids);
    IF refused IS NOT NULL THEN RETURN refused; END IF;
  END IF;
  -- Never before the message that precedes it, whatever the clock did.
  at := greatest(parley_now(), c.last_activity_at);
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_seq = c.head_seq + 1, head_event_seq = c.head_event_seq + 1, head_mark = new_mark,
    head_xid = log_xid, last_activity_at = at
   WHERE id = p_conversation;
  INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at,
    mention_ids, mentions_everyone, attachment_count)
  VALUES (p_conversation, c.head_seq + 1, p_actor, p_text, p_op_key, p_reply_to, at, p_mention_ids, coalesce(p_mention_everyone, false),
    coalesce(cardinality(p_attachment_ids), 0))
  RETURNING * INTO m;
  IF p_mention_ids IS NOT NULL OR p_attachment_ids IS NOT NULL THEN
    PERFORM parley_store_extras(p_actor, p_conversation, m.seq, p_mention_ids, m.mentions_everyone, p_attachment_ids);
  END IF;
  -- Who sends has read what stands above. A receipt only where others' messages were passed by it.
  IF greatest(me.last_read_seq, me.pending_read_seq) < c.head_seq THEN
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, m.seq, at);
  END IF;
  UPDATE members SET last_read_seq = m.seq, own_read_seq = m.seq, last_delivered_seq = m.seq, last_sent_seq = m.seq,
    pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
   WHERE conversation_id = p_conversation AND user_id = p_actor;
  PERFORM parley_touch_activity(ARRAY[p_conversation]);
  sent := parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_SENT', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), m.seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid);
  besides := parley_unarchive(ARRAY[p_conversation]);
  -- Last, as it may append to the conversation once more.
  IF c.kind = 'SUPPORT' THEN besides := parley_support_sent(ARRAY[p_conversation]) || besides; END IF;
  RETURN parley_accepted(sent) || jsonb_build_object('events', sent || besides);
END $$;

-- For processes of the former version: without mentions and attachments.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text, p_reply_to int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_send_message(p_actor, p_conversation, p_op_key, p_hash, p_text, p_reply_to, NULL, false, NULL);
$$;
