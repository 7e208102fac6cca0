-- Who registers with a handle that looks like another one is refused.
ALTER TABLE "users" ADD COLUMN "handle_skeleton" TEXT;

-- Functions as prisma/functions has them (npm run migration:functions).

-- The first step of an erasure: nothing tells who the person was or when they were here, and nobody can log in as them any
-- more. Not known when there is no such person. Answers the sessions that ended. The credentials first, as a login that is
-- under way does.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
END $$;

-- What a handle looks like: two with the same skeleton are taken for each other. The pairs of UTS 39 among the characters of
-- handles (0 and o, 1 and l, m and rn), and two that it leaves out, as it looks at single characters: w and vv, and lines that
-- are joined to one. domain/people/handles.ts says the same.
CREATE OR REPLACE FUNCTION parley_handle_skeleton(p_handle text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN replace(replace(translate(regexp_replace(p_handle, '_+', '_', 'g'), '01', 'ol'), 'w', 'vv'), 'm', 'rn');
