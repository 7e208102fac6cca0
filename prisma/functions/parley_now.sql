CREATE OR REPLACE FUNCTION parley_now() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN date_trunc('milliseconds', clock_timestamp());
