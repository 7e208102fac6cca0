-- Why these files cannot go with a message of this person: the outcome for the first of them that cannot; null when all can.
-- Their rows stay locked until the message is stored, so that no other message gets them. Whose file it is nobody else finds out.
CREATE OR REPLACE FUNCTION parley_attachments_refused(p_actor uuid, p_ids uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM attachments WHERE id = ANY (p_ids) AND uploader_id = p_actor ORDER BY id FOR UPDATE;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ATTACHMENT_REFUSED', 'attachmentId', x.id, 'refusal', a.refusal, 'why', CASE
        WHEN a.id IS NULL THEN 'NOT_FOUND'
        WHEN a.conversation_id IS NOT NULL THEN 'ATTACHED'
        WHEN a.expires_at <= now() THEN 'NOT_FOUND'
        ELSE 'NOT_READY'
      END)
    FROM unnest(p_ids) WITH ORDINALITY AS x(id, place)
    LEFT JOIN attachments a ON a.id = x.id AND a.uploader_id = p_actor
    WHERE (a.conversation_id IS NULL AND a.hash IS NOT NULL AND a.expires_at > now()) IS NOT TRUE
    ORDER BY x.place LIMIT 1);
END $$;
