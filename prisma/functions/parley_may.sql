-- The one table of who may do what in a conversation: docs/protocol.md shows it. The owner may do everything. ADD, REMOVE,
-- RENAME, PIN, DELETE_OTHERS and MENTION_EVERYONE are the admins' too, and a group can let plain members do any of them
-- (conversations.member_permissions). BAN is the admins' too, and never a plain member's. Everything else, as PROMOTE, SET_POLICY, SET_HISTORY, SET_PERMISSIONS, TRANSFER and
-- DELETE_CONVERSATION, is the owner's alone. Nobody may do any of it in a closed
-- conversation, or in a direct one of which one has blocked the other, and who is no member (a row
-- of nulls) may nothing.
CREATE OR REPLACE FUNCTION parley_may(c conversations, me members, p_right text) RETURNS boolean LANGUAGE sql STABLE
RETURN c.closed_at IS NULL AND me.user_id IS NOT NULL AND me.left_at IS NULL AND CASE c.kind::text
  WHEN 'GROUP' THEN CASE me.role
    WHEN 'OWNER' THEN true
    WHEN 'ADMIN' THEN p_right = ANY ('{ADD,REMOVE,BAN,RENAME,PIN,DELETE_OTHERS,MENTION_EVERYONE}'::text[])
    ELSE p_right = ANY (c.member_permissions) END
  WHEN 'DIRECT' THEN p_right = 'PIN' AND NOT parley_pair_blocked(c.pair_key)
  ELSE false END;
