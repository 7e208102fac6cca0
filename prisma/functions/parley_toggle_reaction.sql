-- What is as it should be already is accepted and appends nothing: each event is a change. It is no activity: the
-- conversation's time, its members' places in the inbox and what they have read stay.
CREATE OR REPLACE FUNCTION parley_toggle_reaction(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea,
  p_emoji text, p_on boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  max_kinds CONSTANT int := 20;
  c conversations; m messages; history_from int; k reaction_kinds; replayed jsonb; had boolean; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  -- Whoever was erased stays in a direct conversation, and must leave nothing there any more.
  SELECT history_from_seq INTO history_from FROM members
   WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL AND erased_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > history_from;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF p_on AND c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key) THEN
    RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED');
  END IF;
  SELECT * INTO k FROM reaction_kinds WHERE conversation_id = p_conversation AND message_seq = p_seq AND emoji = p_emoji;
  had := EXISTS (SELECT FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor
    AND kind = k.kind);
  IF had = p_on THEN
    PERFORM parley_keep_op_key(c, p_actor, p_op_key, parley_salted(p_hash, m.salt), p_seq);
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_conversation, 'eventSeq', c.head_event_seq,
      'mark', c.head_mark, 'message', parley_message_json(m), 'events', '[]'::jsonb);
  END IF;
  IF p_on AND k.since_event_seq IS NULL AND max_kinds <= (SELECT count(*) FROM reaction_kinds
    WHERE conversation_id = p_conversation AND message_seq = p_seq AND since_event_seq IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_REACTIONS');
  END IF;
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  IF k.kind IS NULL THEN
    INSERT INTO reaction_kinds (conversation_id, message_seq, kind, emoji)
    SELECT p_conversation, p_seq, 1 + coalesce(max(kind), 0), p_emoji FROM reaction_kinds
     WHERE conversation_id = p_conversation AND message_seq = p_seq
    RETURNING * INTO k;
  END IF;
  UPDATE reaction_kinds SET count = k.count + CASE WHEN p_on THEN 1 ELSE -1 END,
    since_event_seq = CASE WHEN p_on THEN coalesce(k.since_event_seq, c.head_event_seq + 1)
      WHEN k.count > 1 THEN k.since_event_seq END
   WHERE conversation_id = p_conversation AND message_seq = p_seq AND kind = k.kind;
  IF p_on THEN
    INSERT INTO reactions (conversation_id, message_seq, user_id, kind, event_seq)
    VALUES (p_conversation, p_seq, p_actor, k.kind, c.head_event_seq + 1);
  ELSE
    DELETE FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor AND kind = k.kind;
  END IF;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'REACTION_TOGGLED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, jsonb_build_object('kind', k.kind, 'on', p_on), parley_now(),
    parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;
