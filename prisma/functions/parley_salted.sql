-- The hash of a request with a message's text, as the log stores it: 33 bytes, to tell it from an unsalted one. Once the
-- message is deleted its salt is gone, and the hash can no longer confirm a guess of the text.
CREATE OR REPLACE FUNCTION parley_salted(p_hash bytea, p_salt uuid) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN '\x01'::bytea || sha256(p_hash || uuid_send(p_salt));
