-- Remembers the key of an accepted write that changed nothing, and so has no event to be remembered by. Its answer is the
-- head of the conversation, whose row the caller holds, at this moment.
CREATE OR REPLACE FUNCTION parley_keep_op_key(c conversations, p_actor uuid, p_op_key text, p_hash bytea, p_message_seq int)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, mark, message_seq, occurred_at)
  VALUES (p_actor, p_op_key, p_hash, c.id, c.head_event_seq, c.head_mark, p_message_seq, parley_now())
  -- Used for something else in another conversation at this very moment: nothing was changed here.
  ON CONFLICT DO NOTHING;
$$;
