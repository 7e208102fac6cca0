-- Messages of others after the viewer's read position, without deleted ones. Own messages after it exist only if the viewer
-- marked the conversation unread by hand. Of a deleted conversation none counts, also while its messages are still being cleared.
CREATE OR REPLACE FUNCTION parley_unread(p_conversation uuid, p_viewer uuid, p_head int, p_own_read int, p_last_sent int)
RETURNS int LANGUAGE sql STABLE
RETURN CASE WHEN p_head <= p_own_read THEN 0 ELSE (
  SELECT p_head - r.seq
    - (SELECT count(*)::int FROM messages
        WHERE conversation_id = p_conversation AND seq > r.seq AND deleted_at IS NOT NULL)
    - CASE WHEN p_last_sent <= r.seq THEN 0 ELSE
        (SELECT count(*)::int FROM messages
          WHERE conversation_id = p_conversation AND seq > r.seq AND seq <= p_last_sent
            AND sender_id = p_viewer AND deleted_at IS NULL)
      END
  FROM (SELECT greatest(p_own_read, (SELECT texts_left_seq FROM conversations WHERE id = p_conversation)) AS seq) r)
END;
