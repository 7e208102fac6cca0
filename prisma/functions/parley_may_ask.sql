-- Whether all these people can be asked: they take requests, and have not 1,000 that wait.
CREATE OR REPLACE FUNCTION parley_may_ask(p_users uuid[]) RETURNS boolean LANGUAGE sql STABLE
RETURN NOT EXISTS (SELECT FROM users u WHERE u.id = ANY (p_users) AND (NOT u.requests_enabled
  OR 1000 <= (SELECT count(*) FROM requests r WHERE r.user_id = u.id AND r.declined_at IS NULL)));
