-- Whether all these people let the actor add them to a group. With CONTACTS they let those to whom they wrote in a direct conversation.
CREATE OR REPLACE FUNCTION parley_all_take(p_actor uuid, p_users uuid[]) RETURNS boolean LANGUAGE sql STABLE
RETURN NOT EXISTS (SELECT FROM users u WHERE u.id = ANY (p_users) AND u.id <> p_actor AND u.group_additions_from <> 'EVERYONE'
  AND NOT (u.group_additions_from = 'CONTACTS' AND EXISTS (SELECT FROM conversations c
    JOIN members m ON m.conversation_id = c.id AND m.user_id = u.id AND m.last_sent_seq > 0
    WHERE c.pair_key = least(p_actor, u.id)::text || ':' || greatest(p_actor, u.id)::text)));
