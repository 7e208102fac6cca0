-- An erased person does not count: nothing can be started with them.
CREATE OR REPLACE FUNCTION parley_all_exist(p_users uuid[]) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT count(*) FROM users WHERE id = ANY (p_users) AND erased_at IS NULL) = (SELECT count(DISTINCT u) FROM unnest(p_users) u);
