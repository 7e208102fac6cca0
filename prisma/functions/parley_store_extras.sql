-- Stores what hangs on a new message besides its row, for a caller that holds the conversation's row and has asked
-- parley_extras_refused. The files are those that parley_attachments_refused has locked.
CREATE OR REPLACE FUNCTION parley_store_extras(p_actor uuid, p_conversation uuid, p_seq int, p_mention_ids uuid[],
  p_mentions_everyone boolean, p_attachment_ids uuid[])
RETURNS void LANGUAGE sql AS $$
  INSERT INTO mentions (conversation_id, message_seq, user_id, counts)
  SELECT p_conversation, p_seq, id, NOT p_mentions_everyone AND id <> p_actor FROM unnest(p_mention_ids) AS x(id);
  UPDATE attachments a SET conversation_id = p_conversation, message_seq = p_seq, place = x.place - 1
    FROM unnest(p_attachment_ids) WITH ORDINALITY AS x(id, place) WHERE a.id = x.id;
$$;
