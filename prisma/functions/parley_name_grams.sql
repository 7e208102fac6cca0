-- The parts of a name and a handle, three characters each and shorter ones at the ends: an index of these finds a text anywhere in
-- them. pg_trgm would do the same, but which characters it takes for letters depends on the database, and it needs rights.
-- An index has what it answers: whoever changes it makes the index users_name_grams anew in the same migration.
CREATE OR REPLACE FUNCTION parley_name_grams(p_name text, p_handle text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
DECLARE grams text[] := '{}';
BEGIN
  FOR n IN 1..length(p_name) LOOP grams := grams || substr(p_name, n, 3); END LOOP;
  FOR n IN 1..length(p_handle) LOOP grams := grams || substr(p_handle, n, 3); END LOOP;
  RETURN array_to_tsvector(grams);
END $$;
