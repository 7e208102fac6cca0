-- Whether somebody lets the actor begin a direct conversation with them. With CONTACTS they let those with whom they are in a group.
CREATE OR REPLACE FUNCTION parley_takes_direct(p_actor uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT CASE u.direct_messages_from WHEN 'EVERYONE' THEN true WHEN 'NOBODY' THEN false
  ELSE EXISTS (SELECT FROM members a JOIN members b ON b.conversation_id = a.conversation_id AND b.user_id = p_actor AND b.left_at IS NULL
    JOIN conversations c ON c.id = a.conversation_id AND c.kind = 'GROUP' WHERE a.user_id = p_user AND a.left_at IS NULL) END
  FROM users u WHERE u.id = p_user);
