-- Removes up to p_limit of a person's reactions in a conversation (null: all), so that many take many short steps. Returns how
-- many. Their counts fall; the event at the end of the erasure tells the readers.
CREATE OR REPLACE FUNCTION parley_erase_reactions(p_conversation uuid, p_user uuid, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE erased int;
BEGIN
  PERFORM FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  WITH gone AS (
    DELETE FROM reactions WHERE (conversation_id, message_seq, user_id, kind) IN (
      SELECT conversation_id, message_seq, user_id, kind FROM reactions
       WHERE user_id = p_user AND conversation_id = p_conversation LIMIT p_limit)
    RETURNING message_seq, kind)
  UPDATE reaction_kinds k SET count = k.count - 1, since_event_seq = CASE WHEN k.count > 1 THEN k.since_event_seq END
    FROM gone WHERE k.conversation_id = p_conversation AND k.message_seq = gone.message_seq AND k.kind = gone.kind;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END $$;
