-- Whether an invitation to a group still stands: the group is open, and who invited is in it.
CREATE OR REPLACE FUNCTION parley_is_invited(c conversations, r requests) RETURNS boolean LANGUAGE sql STABLE
RETURN c.kind = 'GROUP' AND c.closed_at IS NULL
  AND EXISTS (SELECT FROM members m WHERE m.conversation_id = c.id AND m.user_id = r.from_id AND m.left_at IS NULL)
  AND NOT EXISTS (SELECT FROM bans b WHERE b.conversation_id = c.id AND b.user_id = r.user_id);
