-- Functions as prisma/functions has them (npm run migration:functions).

-- Removes these files. Their bytes are elsewhere: housekeeping removes them, once at once, and once more when nothing can come by
-- the address for the upload any more, nor be kept by a process that looks at it now. So nothing stays when a process dies in between.
CREATE OR REPLACE FUNCTION parley_drop_attachments(p_ids uuid[]) RETURNS void LANGUAGE sql AS $$
  WITH gone AS (
    DELETE FROM attachments a USING unnest(p_ids) AS x(id) WHERE a.id = x.id RETURNING a.id, a.upload_until
  )
  INSERT INTO removed_files (id, upload_until) SELECT id, greatest(upload_until, now()) FROM gone ON CONFLICT DO NOTHING;
$$;
