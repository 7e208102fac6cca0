-- Turns the newest p_stretch of the messages that still have their texts in a deleted conversation into tombstones. Returns
-- the seq up to which there may be others; 0 when it is done.
CREATE OR REPLACE FUNCTION parley_delete_texts(p_conversation uuid, p_stretch int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE c conversations; after_seq int; nothing text;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation AND texts_left_seq > 0 FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 0; END IF;
  after_seq := greatest(c.texts_left_seq - p_stretch, 0);
  WITH deleted AS (
    UPDATE messages SET text = NULL, salt = NULL, mention_ids = NULL, mentions_everyone = false, attachment_count = 0, deleted_at = c.deleted_at,
      deleted_by_id = c.deleted_by_id
     WHERE conversation_id = p_conversation AND seq > after_seq AND seq <= c.texts_left_seq AND deleted_at IS NULL
    RETURNING seq)
  SELECT parley_clear_messages(p_conversation, ARRAY(SELECT seq FROM deleted)) INTO nothing;
  UPDATE conversations SET texts_left_seq = after_seq WHERE id = p_conversation;
  RETURN after_seq;
END $$;
