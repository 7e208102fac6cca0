-- Invites people to a group who are asked first. Who was asked before, and declined, is not asked again.
CREATE OR REPLACE FUNCTION parley_request(p_actor uuid, p_conversation uuid, p_users uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE asked uuid[];
BEGIN
  IF cardinality(p_users) = 0 THEN RETURN '[]'; END IF;
  WITH added AS (
    INSERT INTO requests (conversation_id, user_id, from_id, created_at)
    SELECT p_conversation, u, p_actor, parley_now() FROM unnest(p_users) u ORDER BY u ON CONFLICT DO NOTHING RETURNING user_id)
  SELECT coalesce(array_agg(user_id), '{}') INTO asked FROM added;
  RETURN parley_inbox_events(asked, p_conversation, p_actor, '{}');
END $$;
