-- Takes a conversation out of the actor's inbox until the next message (parley_unarchive brings it back), and with p_clear
-- withholds the messages up to here from them for good. A hidden entry is archived too, so that nothing else has to look for
-- it; parley_update_entry takes it back.
CREATE OR REPLACE FUNCTION parley_hide_conversation(p_actor uuid, p_conversation uuid, p_clear boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; cleared boolean;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  cleared := p_clear AND me.cleared_seq < c.head_seq;
  IF me.hidden AND NOT cleared THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  UPDATE members SET hidden = true, archived = true, pinned = false WHERE conversation_id = p_conversation AND user_id = p_actor;
  IF cleared THEN
    -- Only their own devices learn that nothing is unread: the others are not told that they read it.
    UPDATE members SET history_from_seq = c.head_seq, cleared_seq = c.head_seq, own_read_seq = c.head_seq,
      caught_up = c.inbox_due_at IS NOT NULL
     WHERE conversation_id = p_conversation AND user_id = p_actor;
    UPDATE conversations SET history_bound_seq = c.head_seq WHERE id = p_conversation;
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor,
    CASE WHEN cleared THEN jsonb_build_object('historyFromSeq', c.head_seq) ELSE '{}' END));
END $$;
