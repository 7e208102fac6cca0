-- Whether the other side of a support conversation has read this message, as far as it lets that be seen: the user, or
-- anybody of the staff.
CREATE OR REPLACE FUNCTION parley_other_side_read(c conversations, m messages) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT CASE WHEN s.user_id = m.sender_id THEN s.staff_told_seq >= m.seq ELSE EXISTS (
    SELECT FROM members o JOIN users u ON u.id = o.user_id WHERE o.conversation_id = c.id AND o.user_id = s.user_id
      AND u.read_receipts_enabled AND greatest(o.last_read_seq, o.pending_read_seq) >= m.seq) END
  FROM support_cases s WHERE s.conversation_id = c.id);
