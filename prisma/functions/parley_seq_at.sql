-- seq of the newest message of a conversation that is not younger than p_before, but at least p_from: messages are numbered
-- without gaps in the order of their times, so that it looks at few of any number.
CREATE OR REPLACE FUNCTION parley_seq_at(c conversations, p_before timestamptz, p_from int) RETURNS int LANGUAGE plpgsql STABLE AS $$
DECLARE low int := p_from; high int := c.head_seq; middle int;
BEGIN
  IF c.last_activity_at <= p_before THEN RETURN c.head_seq; END IF;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    IF (SELECT created_at FROM messages WHERE conversation_id = c.id AND seq = middle) <= p_before THEN low := middle;
    ELSE high := middle - 1; END IF;
  END LOOP;
  RETURN low;
END $$;
