-- The first message of somebody of the staff in a support conversation: they become a member with it. Both are done or
-- neither. firstAnswerMs: how long the user waited for any answer, when this is the first one.
CREATE OR REPLACE FUNCTION parley_answer_support(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text,
  p_reply_to int, p_mention_ids uuid[], p_mention_everyone boolean, p_attachment_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; replayed jsonb; at timestamptz; joined jsonb; sent jsonb; first_ms float8;
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND kind = 'SUPPORT' FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF parley_is_member(p_actor, p_conversation) THEN
    RETURN parley_send_message(p_actor, p_conversation, p_op_key, p_hash, p_text, p_reply_to,
      p_mention_ids, p_mention_everyone, p_attachment_ids);
  END IF;
  -- All people whose streams get an event, in the order in which every write locks people.
  PERFORM FROM users WHERE id = p_actor OR id = ANY (ARRAY(
    SELECT user_id FROM members WHERE conversation_id = p_conversation AND archived AND left_at IS NULL)) ORDER BY id FOR NO KEY UPDATE;
  SELECT CASE WHEN first_answered_at IS NULL THEN extract(epoch FROM parley_now() - c.created_at) * 1000 END INTO STRICT first_ms
    FROM support_cases WHERE conversation_id = p_conversation;
  BEGIN
    at := greatest(parley_now(), c.last_activity_at);
    INSERT INTO members (conversation_id, user_id, role, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq)
    VALUES (p_conversation, p_actor, 'MEMBER', c.head_seq, c.head_seq, c.head_seq, at, c.head_event_seq)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq;
    UPDATE conversations SET member_count = member_count + 1 WHERE id = p_conversation;
    joined := jsonb_build_array(
      parley_conversation_event(p_conversation, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', p_actor)));
    joined := joined || parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor,
      jsonb_build_object('joinedEventSeq', c.head_event_seq));
    sent := parley_send_message(p_actor, p_conversation, p_op_key, p_hash, p_text, p_reply_to,
      p_mention_ids, p_mention_everyone, p_attachment_ids);
    IF sent->>'outcome' <> 'ACCEPTED' THEN RAISE EXCEPTION USING ERRCODE = 'PR001', MESSAGE = 'the answer was refused'; END IF;
  EXCEPTION WHEN SQLSTATE 'PR001' THEN RETURN sent;
  END;
  RETURN sent || jsonb_build_object('firstAnswerMs', first_ms, 'events', joined || (sent->'events'));
END $$;
