-- How far a stream had got in a snapshot of the database: seq of its last event that was visible then. Those are always the first
-- ones of a stream, as each takes its number under the lock of the head row, and so nothing has to be remembered for a stream to
-- find its place. Looks at few rows, however many events there are since: steps back from the head that double, then halves. Only
-- for streams whose floor was visible, and whose head (p_head) was not.
CREATE OR REPLACE FUNCTION parley_visible_seq(p_stream uuid, p_floor int, p_head int, p_snapshot pg_snapshot) RETURNS int
LANGUAGE plpgsql STABLE AS $$
DECLARE visible int := p_floor; hidden int := p_head; step int := 1; middle int;
BEGIN
  WHILE hidden - visible > 1 LOOP
    middle := CASE WHEN step > 0 THEN greatest(hidden - step, visible + 1) ELSE (visible + hidden) / 2 END;
    IF (SELECT pg_visible_in_snapshot(xid, p_snapshot) FROM events WHERE stream_id = p_stream AND seq = middle) THEN
      visible := middle;
      step := 0;
    ELSE
      hidden := middle;
      step := step * 2;
    END IF;
  END LOOP;
  RETURN visible;
END $$;
