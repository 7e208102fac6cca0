-- A few letters that only one event has, by which one history of a stream is told from another: docs/decisions/0023. Not made
-- from the write, as the same write repeated after a backup was restored must get other ones.
CREATE OR REPLACE FUNCTION parley_mark() RETURNS text LANGUAGE sql VOLATILE
RETURN translate(encode(substr(uuid_send(gen_random_uuid()), 1, 6), 'base64'), '+/', '-_');
