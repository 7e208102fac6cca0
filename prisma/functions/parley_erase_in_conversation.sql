-- The last step for one conversation: messages after p_after_seq are erased too, and one event tells all readers to drop
-- their copies. That event is also needed if only events name the person, as in a group that they left without writing. The
-- membership is marked as erased; a table with other data of a person in a conversation must be cleared here. The person
-- leaves a group; a direct conversation and one that they opened with support are closed. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_erase_in_conversation(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; is_theirs boolean; m members; at timestamptz; events jsonb;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM members WHERE conversation_id = p_conversation AND user_id = p_user FOR NO KEY UPDATE;
  is_theirs := EXISTS (SELECT FROM support_cases WHERE conversation_id = p_conversation AND user_id = p_user);
  IF m.erased_at IS NOT NULL AND (c.kind = 'DIRECT' OR is_theirs OR m.left_at IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  at := parley_now();
  PERFORM parley_erase_messages(p_actor, p_conversation, p_user, p_after_seq, m.last_sent_seq);
  UPDATE messages x SET mention_ids = nullif(array_remove(x.mention_ids, p_user), '{}') FROM mentions n
   WHERE n.user_id = p_user AND n.conversation_id = p_conversation
     AND x.conversation_id = p_conversation AND x.seq = n.message_seq;
  DELETE FROM mentions WHERE user_id = p_user AND conversation_id = p_conversation;
  PERFORM parley_erase_reactions(p_conversation, p_user, NULL);
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'USER_ERASED', p_actor, jsonb_build_object('userId', p_user)));
  UPDATE members SET last_sent_seq = 0, erased_at = at WHERE conversation_id = p_conversation AND user_id = p_user;
  IF c.kind = 'DIRECT' THEN
    UPDATE conversations SET closed_at = coalesce(closed_at, at) WHERE id = p_conversation;
  ELSIF is_theirs THEN
    -- Its title is their text too.
    UPDATE conversations SET closed_at = coalesce(closed_at, at), title = NULL WHERE id = p_conversation;
    UPDATE support_cases SET status = 'RESOLVED', resolved_at = coalesce(resolved_at, at), is_answered = true
     WHERE conversation_id = p_conversation;
  ELSIF m.left_at IS NULL THEN
    events := events || parley_end_membership(p_actor, p_conversation, p_user);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;
