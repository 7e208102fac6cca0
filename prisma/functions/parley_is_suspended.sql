CREATE OR REPLACE FUNCTION parley_is_suspended(p_at timestamptz, p_until timestamptz) RETURNS boolean LANGUAGE sql STABLE
RETURN p_at IS NOT NULL AND (p_until IS NULL OR p_until > now());
