-- Null when the key is new; else the answer to its first use. After a message was deleted, a repeated request cannot be
-- compared with it any more: it counts as the same request.
CREATE OR REPLACE FUNCTION parley_replayed(p_actor uuid, p_op_key text, p_hash bytea) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE used record; m messages; c conversations;
BEGIN
  SELECT request_hash, stream_id, seq AS event_seq, mark, message_seq, data INTO used
    FROM events WHERE actor_id = p_actor AND op_key = p_op_key;
  IF NOT FOUND THEN
    SELECT request_hash, stream_id, event_seq, mark, message_seq, data INTO used
      FROM retired_op_keys WHERE actor_id = p_actor AND op_key = p_op_key;
    IF NOT FOUND THEN RETURN NULL; END IF;
  END IF;
  IF used.message_seq IS NOT NULL THEN
    SELECT * INTO m FROM messages WHERE conversation_id = used.stream_id AND seq = used.message_seq;
  END IF;
  IF octet_length(used.request_hash) = 32 AND used.request_hash <> p_hash
    OR octet_length(used.request_hash) = 33 AND used.request_hash <> parley_salted(p_hash, m.salt) THEN
    RETURN jsonb_build_object('outcome', 'OP_KEY_REUSED');
  END IF;
  IF used.message_seq IS NOT NULL AND m.deleted_at IS NULL THEN
    -- A tombstone while a deleted conversation's texts are still being removed.
    SELECT * INTO c FROM conversations WHERE id = m.conversation_id AND texts_left_seq >= m.seq;
    IF FOUND THEN
      m.text := NULL; m.deleted_at := c.deleted_at; m.deleted_by_id := c.deleted_by_id;
      m.mention_ids := NULL; m.mentions_everyone := false; m.attachment_count := 0;
    END IF;
  END IF;
  RETURN jsonb_build_object('outcome', 'DUPLICATE', 'streamId', used.stream_id, 'eventSeq', used.event_seq, 'mark', used.mark,
    'data', used.data, 'message', CASE WHEN used.message_seq IS NOT NULL THEN parley_message_json(m) END, 'events', '[]'::jsonb);
END $$;
