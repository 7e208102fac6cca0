-- Why a message with these mentions and attachments may not be sent or edited so; null when it may. The caller holds the
-- conversation's row. Whoever a message mentions already (p_mentioned) may stay, also after they have left.
CREATE OR REPLACE FUNCTION parley_extras_refused(p_actor uuid, p_conversation uuid, p_mention_ids uuid[], p_mention_everyone boolean,
  p_attachment_ids uuid[], p_mentioned uuid[] DEFAULT '{}')
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(p_mention_ids) AS x(id) WHERE x.id <> ALL (coalesce(p_mentioned, '{}')) AND NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x.id AND left_at IS NULL)) THEN
    RETURN 'MENTION_NOT_MEMBER';
  END IF;
  IF p_mention_everyone AND NOT EXISTS (
    SELECT FROM conversations c JOIN members m ON m.conversation_id = c.id
     WHERE c.id = p_conversation AND m.user_id = p_actor AND parley_may(c, m, 'MENTION_EVERYONE')) THEN
    RETURN 'MENTION_EVERYONE_FORBIDDEN';
  END IF;
  -- Not in a statement of many sends: two of them could take the same file. parley_send_message asks
  -- parley_attachments_refused, which locks them.
  IF p_attachment_ids IS NOT NULL THEN RETURN 'ATTACHMENT_NOT_FOUND'; END IF;
  RETURN NULL;
END $$;
