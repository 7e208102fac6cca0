-- Whether the conversation's policy still lets the sender change this message. An attempt to edit must not reveal what a
-- member with read receipts off has read.
CREATE OR REPLACE FUNCTION parley_editable(c conversations, m messages) RETURNS boolean LANGUAGE sql STABLE
RETURN CASE c.edit_policy
  WHEN 'ANYTIME' THEN true
  WHEN 'NEVER' THEN false
  WHEN 'WITHIN_15_MINUTES' THEN clock_timestamp() - m.created_at < interval '15 minutes'
  WHEN 'UNTIL_READ' THEN CASE WHEN c.kind = 'SUPPORT' THEN NOT parley_other_side_read(c, m) ELSE NOT EXISTS (
    SELECT FROM members o WHERE o.conversation_id = c.id AND o.user_id <> m.sender_id AND o.left_at IS NULL
      AND greatest(o.last_read_seq, o.pending_read_seq) >= m.seq
      AND (SELECT u.read_receipts_enabled FROM users u WHERE u.id = o.user_id)) END
END;
