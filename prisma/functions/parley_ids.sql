-- A JSON array of ids; null for null.
CREATE OR REPLACE FUNCTION parley_ids(p_ids jsonb) RETURNS uuid[] LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(p_ids) = 'array' THEN
  ARRAY(SELECT x.id::uuid FROM jsonb_array_elements_text(p_ids) WITH ORDINALITY AS x(id, place) ORDER BY x.place) END;
