-- Those of these people who do not let the actor add them to a group. With CONTACTS they let those to whom they wrote in a direct
-- conversation.
CREATE OR REPLACE FUNCTION parley_not_taking(p_actor uuid, p_users uuid[]) RETURNS uuid[] LANGUAGE sql STABLE
RETURN ARRAY(SELECT u.id FROM users u WHERE u.id = ANY (p_users) AND u.id <> p_actor AND u.group_additions_from <> 'EVERYONE'
  AND NOT (u.group_additions_from = 'CONTACTS' AND EXISTS (SELECT FROM conversations c
    JOIN members m ON m.conversation_id = c.id AND m.user_id = u.id AND m.last_sent_seq > 0
    WHERE c.pair_key = least(p_actor, u.id)::text || ':' || greatest(p_actor, u.id)::text)) ORDER BY 1);
