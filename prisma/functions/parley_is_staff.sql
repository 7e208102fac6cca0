-- Whether this person answers on behalf of the operator now. Asked in the transaction of the write: a token knows the role as
-- it was up to a second ago.
CREATE OR REPLACE FUNCTION parley_is_staff(p_user uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM users WHERE id = p_user AND role <> 'USER' AND erased_at IS NULL AND NOT parley_is_suspended(suspended_at, suspended_until));
