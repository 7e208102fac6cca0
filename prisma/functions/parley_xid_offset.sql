-- The number added to this PostgreSQL's transaction ids to get those of the log. Mostly 0. After a restore from a dump into
-- another PostgreSQL, whose ids may be smaller than those in the log, the log continues far above them. This is checked
-- again after each start of PostgreSQL, before anything is written or compared.
CREATE OR REPLACE FUNCTION parley_xid_offset() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE clock log_clock; present bigint; newest bigint;
BEGIN
  SELECT * INTO clock FROM log_clock WHERE server_started_at = pg_postmaster_start_time();
  IF FOUND THEN RETURN clock.xid_offset; END IF;
  SELECT * INTO STRICT clock FROM log_clock FOR UPDATE;
  IF clock.server_started_at = pg_postmaster_start_time() THEN RETURN clock.xid_offset; END IF;
  present := pg_current_xact_id()::text::bigint;
  newest := (SELECT xid FROM events ORDER BY xid DESC LIMIT 1)::text::bigint;
  -- Further than whatever was written to the log after the dump.
  IF newest >= present + clock.xid_offset THEN clock.xid_offset := newest - present + 4294967296; END IF;
  UPDATE log_clock SET server_started_at = pg_postmaster_start_time(), xid_offset = clock.xid_offset;
  RETURN clock.xid_offset;
END $$;
