CREATE OR REPLACE FUNCTION parley_message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE
RETURN jsonb_build_object(
  'conversationId', m.conversation_id, 'seq', m.seq, 'senderId', m.sender_id, 'text', m.text, 'revision', m.revision,
  'clientMessageId', m.client_message_id, 'replyToSeq', m.reply_to_seq, 'createdAt', m.created_at,
  'editedAt', m.edited_at, 'deletedAt', m.deleted_at, 'deletedById', m.deleted_by_id,
  'mentionIds', m.mention_ids, 'mentionsEveryone', m.mentions_everyone,
  'attachmentCount', m.attachment_count);
