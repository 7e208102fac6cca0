-- Whether one of the two people of a direct conversation has blocked the other; p_pair is its pair_key, null for other kinds.
CREATE OR REPLACE FUNCTION parley_pair_blocked(p_pair text) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM blocks WHERE blocker_id = left(p_pair, 36)::uuid AND blocked_id = right(p_pair, 36)::uuid)
  OR EXISTS (SELECT FROM blocks WHERE blocker_id = right(p_pair, 36)::uuid AND blocked_id = left(p_pair, 36)::uuid);
