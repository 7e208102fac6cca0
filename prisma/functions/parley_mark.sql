-- A few letters that only one event has. They tell one history of a stream from another: docs/decisions/0023. Random, and
-- not made from the write: the same write repeated after a restored backup must get another mark.
CREATE OR REPLACE FUNCTION parley_mark() RETURNS text LANGUAGE sql VOLATILE
RETURN translate(encode(substr(uuid_send(gen_random_uuid()), 1, 6), 'base64'), '+/', '-_');
