-- Before parley_editable is asked: every read of the conversation has been committed, or comes after this transaction. The
-- caller holds the conversation's row, so that reads that are not gathered wait for it anyway.
CREATE OR REPLACE FUNCTION parley_await_reads(c conversations) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF c.edit_policy = 'UNTIL_READ' THEN PERFORM pg_advisory_xact_lock(parley_read_key(c.id)); END IF;
END $$;
