-- The hash of a request that carries a message's text, as the ledger keeps it: 33 bytes, to tell it from a plain one. Once
-- the message is deleted its salt is gone, and nobody can find out by the hash whether they guessed the text right.
CREATE OR REPLACE FUNCTION parley_salted(p_hash bytea, p_salt uuid) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN '\x01'::bytea || sha256(p_hash || uuid_send(p_salt));
