-- The advisory lock between reads that are gathered, which do not lock their conversation's row, and writes that depend on
-- what was read. Reads take it shared, and such a write takes it alone, after the conversation's row: docs/decisions/0053.
CREATE OR REPLACE FUNCTION parley_read_key(p_conversation uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN hashtextextended(p_conversation::text, 53);
