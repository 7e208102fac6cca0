-- How far a stream had got in a snapshot of the database: seq of its last event that was visible then. The visible events
-- are always the first ones of a stream, because each took its number under the lock of the head row. So nothing has to be
-- stored to find a stream's position. Reads few rows, however many events came since: steps back from the head that double,
-- then a binary search. Only for streams whose floor was visible, and whose head (p_head) was not.
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
