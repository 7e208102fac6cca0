-- What a handle looks like: two with the same skeleton are taken for each other. The pairs of UTS 39 among the characters of
-- handles (0 and o, 1 and l, m and rn), and two that it leaves out, as it looks at single characters: w and vv, and lines that
-- are joined to one. domain/people/handles.ts says the same.
CREATE OR REPLACE FUNCTION parley_handle_skeleton(p_handle text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN replace(replace(translate(regexp_replace(p_handle, '_+', '_', 'g'), '01', 'ol'), 'w', 'vv'), 'm', 'rn');
