-- After messages of a support conversation were deleted: one that waited for an answer waits no more. The caller holds the
-- conversation's row.
CREATE OR REPLACE FUNCTION parley_support_cleared(p_conversation uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s support_cases; oldest timestamptz;
BEGIN
  SELECT * INTO s FROM support_cases WHERE conversation_id = p_conversation;
  IF NOT FOUND THEN RETURN; END IF;
  IF s.last_user_seq > s.staff_read_seq THEN
    UPDATE support_cases SET last_user_seq = coalesce((SELECT max(seq) FROM messages WHERE conversation_id = p_conversation
      AND seq > s.staff_read_seq AND sender_id = s.user_id AND deleted_at IS NULL), 0)
     WHERE conversation_id = p_conversation;
  END IF;
  IF s.is_answered THEN RETURN; END IF;
  SELECT min(created_at) INTO oldest FROM messages
   WHERE conversation_id = p_conversation AND seq > s.last_staff_seq AND sender_id = s.user_id AND deleted_at IS NULL;
  UPDATE support_cases SET is_answered = oldest IS NULL,
      queue_at = coalesce(oldest,
        (SELECT created_at FROM messages WHERE conversation_id = p_conversation AND seq = s.last_staff_seq),
        (SELECT created_at FROM conversations WHERE id = p_conversation))
   WHERE conversation_id = p_conversation;
END $$;
