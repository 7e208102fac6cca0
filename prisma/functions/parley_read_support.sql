-- markRead of somebody of the staff who is not a member: the desk has read it. The user is told as of a changed conversation,
-- because a receipt is that of a member.
CREATE OR REPLACE FUNCTION parley_read_support(p_actor uuid, p_conversation uuid, p_read int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; s support_cases; read_to int; told_to int; outcome text := 'UNCHANGED'; events jsonb := '[]';
BEGIN
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO STRICT s FROM support_cases WHERE conversation_id = p_conversation;
  read_to := greatest(s.staff_read_seq, least(p_read, c.head_seq));
  told_to := CASE WHEN (SELECT read_receipts_enabled FROM users WHERE id = p_actor)
    THEN greatest(s.staff_told_seq, least(p_read, c.head_seq)) ELSE s.staff_told_seq END;
  IF read_to > s.staff_read_seq OR told_to > s.staff_told_seq THEN
    outcome := 'ADVANCED';
    UPDATE support_cases SET staff_read_seq = read_to, staff_told_seq = told_to WHERE conversation_id = p_conversation;
    events := jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL));
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', read_to, 'lastDeliveredSeq', read_to, 'unreadCount', (
    SELECT count(*) FROM messages WHERE conversation_id = p_conversation AND seq > read_to AND sender_id = s.user_id AND deleted_at IS NULL),
    'gathered', false, 'events', events);
END $$;
