-- The id of the present transaction, as the log counts them.
CREATE OR REPLACE FUNCTION parley_xid() RETURNS xid8 LANGUAGE plpgsql AS $$
BEGIN
  RETURN (pg_current_xact_id()::text::bigint + parley_xid_offset())::text::xid8;
END $$;
