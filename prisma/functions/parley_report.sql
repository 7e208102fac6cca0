-- Tells the staff of a message that the actor sees, or of a person (p_conversation null). The message as it is now is kept with it. The key is
-- kept as one without an event, with the actor's own stream as its place.
CREATE OR REPLACE FUNCTION parley_report(p_actor uuid, p_new_id uuid, p_user uuid, p_conversation uuid, p_seq int, p_reason report_reason,
  p_text text, p_op_key text, p_hash bytea) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE replayed jsonb; m messages; c conversations; reported uuid := p_user; evidence jsonb;
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed || jsonb_build_object('reportId', replayed->'data'->'reportId'); END IF;
  IF p_conversation IS NOT NULL THEN
    SELECT x.* INTO m FROM messages x WHERE x.conversation_id = p_conversation AND x.seq = p_seq AND (
      EXISTS (SELECT FROM members me WHERE me.conversation_id = p_conversation AND me.user_id = p_actor AND me.left_at IS NULL
        AND x.seq > me.history_from_seq)
      OR parley_is_staff(p_actor) AND EXISTS (SELECT FROM support_cases s WHERE s.conversation_id = p_conversation));
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    -- Once more with its former texts, of the same moment: it may be edited just now.
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR SHARE;
    SELECT x.sender_id, jsonb_build_object('text', x.text, 'revision', x.revision, 'createdAt', x.created_at, 'editedAt', x.edited_at,
        'revisions', coalesce((SELECT jsonb_agg(jsonb_build_object('revision', r.revision, 'text', r.text, 'editedAt', r.edited_at)
          ORDER BY r.revision) FROM message_revisions r WHERE r.conversation_id = x.conversation_id AND r.message_seq = x.seq), '[]'),
        'fileNames', coalesce((SELECT jsonb_agg(a.file_name ORDER BY a.place) FROM attachments a
          WHERE a.conversation_id = x.conversation_id AND a.message_seq = x.seq), '[]'))
      INTO reported, evidence FROM messages x
     WHERE x.conversation_id = p_conversation AND x.seq = p_seq AND x.deleted_at IS NULL AND x.seq > c.texts_left_seq;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  ELSIF NOT parley_all_exist(ARRAY[p_user]) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  IF reported = p_actor THEN RETURN jsonb_build_object('outcome', 'REPORT_OF_SELF'); END IF;
  INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, mark, data, occurred_at)
  SELECT p_actor, p_op_key, p_hash, p_actor, u.head_event_seq, u.head_mark, jsonb_build_object('reportId', p_new_id), parley_now()
    FROM users u WHERE u.id = p_actor
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    -- The same request at the same moment, in another process.
    replayed := parley_replayed(p_actor, p_op_key, p_hash);
    RETURN replayed || jsonb_build_object('reportId', replayed->'data'->'reportId');
  END IF;
  INSERT INTO reports (id, reporter_id, reported_id, conversation_id, message_seq, reason, text, evidence, created_at)
  VALUES (p_new_id, p_actor, reported, p_conversation, p_seq, p_reason, p_text, evidence, parley_now());
  PERFORM parley_audit('report.made', p_actor, reported, p_conversation,
    jsonb_build_object('reportId', p_new_id, 'reason', p_reason, 'seq', p_seq));
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'reportId', p_new_id, 'events', '[]'::jsonb);
END $$;
