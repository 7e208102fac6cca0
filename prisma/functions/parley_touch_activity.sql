-- Updates the members' rows. Every function that moves head_seq or last_activity_at calls it afterwards, in the same
-- transaction, which holds the conversations' rows. At most once a second it writes a row for each member of a small
-- conversation; otherwise only a row for each member who had read everything. inbox_due_at is the time from which the full
-- update is due again, and null while the members' rows have no place.
CREATE OR REPLACE FUNCTION parley_touch_activity(p_conversations uuid[]) RETURNS void LANGUAGE plpgsql
-- The plan is the same for one conversation and for fifty, and planning took longer than running it.
SET plan_cache_mode = force_generic_plan AS $$
DECLARE small CONSTANT int := 50; due uuid[]; listed uuid[]; grown uuid[];
BEGIN
  SELECT array_agg(id) FILTER (WHERE member_count <= small),
         array_agg(id) FILTER (WHERE member_count <= small AND coalesce(last_activity_at >= inbox_due_at, true)),
         array_agg(id) FILTER (WHERE member_count > small)
    INTO listed, due, grown
    FROM conversations WHERE id = ANY (p_conversations) AND (member_count <= small OR inbox_due_at IS NOT NULL);
  IF listed IS NULL AND grown IS NULL THEN RETURN; END IF;
  IF due IS NOT NULL THEN
    UPDATE conversations SET inbox_due_at = last_activity_at + interval '1 second' WHERE id = ANY (due);
    UPDATE members m SET inbox_at = c.last_activity_at, caught_up = m.own_read_seq >= c.head_seq
      FROM conversations c WHERE c.id = ANY (due) AND m.conversation_id = c.id AND m.left_at IS NULL;
  END IF;
  -- For those that were not due.
  UPDATE members m SET caught_up = false
    FROM conversations c WHERE c.id = ANY (listed) AND m.conversation_id = c.id AND m.caught_up AND m.own_read_seq < c.head_seq;
  -- Too large by now.
  IF grown IS NOT NULL THEN
    UPDATE conversations SET inbox_due_at = NULL WHERE id = ANY (grown);
    UPDATE members SET inbox_at = NULL, caught_up = false
     WHERE conversation_id = ANY (grown) AND (inbox_at IS NOT NULL OR caught_up);
  END IF;
END $$;
