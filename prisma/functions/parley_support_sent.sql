-- What new messages do to support conversations: one of the user waits for an answer, and opens the conversation again; one
-- of the staff answers all before it. The caller holds the conversations' rows, and calls this after the messages are
-- written. Returns the events of conversations that opened again.
CREATE OR REPLACE FUNCTION parley_support_sent(p_conversations uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE s support_cases; m record; was support_status; events jsonb := '[]';
BEGIN
  FOR s IN SELECT * FROM support_cases WHERE conversation_id = ANY (p_conversations) ORDER BY conversation_id LOOP
    was := s.status;
    FOR m IN SELECT seq, sender_id, created_at FROM messages
        WHERE conversation_id = s.conversation_id AND seq > s.seen_seq ORDER BY seq LOOP
      s.seen_seq := m.seq;
      IF m.sender_id = s.user_id THEN
        IF s.is_answered THEN s.queue_at := m.created_at; END IF;
        s.is_answered := false;
        s.last_user_seq := m.seq;
        s.status := 'OPEN';
        s.resolved_at := NULL;
      ELSE
        s.is_answered := true;
        s.queue_at := m.created_at;
        s.last_staff_seq := m.seq;
        s.staff_read_seq := m.seq;
        s.staff_told_seq := m.seq;
        s.first_answered_at := coalesce(s.first_answered_at, m.created_at);
      END IF;
    END LOOP;
    UPDATE support_cases SET seen_seq = s.seen_seq, is_answered = s.is_answered, queue_at = s.queue_at, status = s.status,
      resolved_at = s.resolved_at, last_user_seq = s.last_user_seq, last_staff_seq = s.last_staff_seq,
      staff_read_seq = s.staff_read_seq, staff_told_seq = s.staff_told_seq, first_answered_at = s.first_answered_at
     WHERE conversation_id = s.conversation_id;
    IF s.status <> was THEN
      events := events || parley_conversation_event(s.conversation_id, 'CONVERSATION_UPDATED', s.user_id, NULL);
    END IF;
  END LOOP;
  RETURN events;
END $$;
