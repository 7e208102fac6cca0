-- The id of the desk's stream. Its head is a row of conversations that nobody is a member of: so the log, its retention and
-- the relay need not know of it.
CREATE OR REPLACE FUNCTION parley_desk() RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN '00000000-0000-4000-8000-00000000de5c'::uuid;
