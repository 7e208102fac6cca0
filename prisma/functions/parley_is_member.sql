-- Whether somebody is in a conversation now. Asked before its row is locked: whoever is not in it neither waits for those who
-- are nor learns by waiting that it exists. Who comes to be in it at this very moment counts as not in it yet.
CREATE OR REPLACE FUNCTION parley_is_member(p_actor uuid, p_conversation uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL);
