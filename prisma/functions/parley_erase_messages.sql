-- Turns a person's messages in one stretch of a conversation into tombstones, so that a long conversation takes many short
-- steps. Only the last step has an event.
CREATE OR REPLACE FUNCTION parley_erase_messages(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int, p_up_to_seq int)
RETURNS void LANGUAGE sql AS $$
  WITH erased AS (
    UPDATE messages SET text = NULL, salt = NULL, client_message_id = 'erased', deleted_at = coalesce(deleted_at, parley_now()),
      deleted_by_id = coalesce(deleted_by_id, p_actor), mention_ids = NULL, mentions_everyone = false,
      attachment_count = 0
     WHERE conversation_id = p_conversation AND seq > p_after_seq AND seq <= p_up_to_seq AND sender_id = p_user
       AND client_message_id <> 'erased'
    RETURNING seq)
  SELECT parley_clear_messages(p_conversation, ARRAY(SELECT seq FROM erased));
  SELECT parley_shown_moved(p_conversation);
$$;
