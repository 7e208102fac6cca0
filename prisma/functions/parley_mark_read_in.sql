-- Marks conversations as read, each up to its p_seqs and to what it held at p_before (null: no such bound): what parley_advance_cursor
-- does for one. Returns `changed`, how many moved, and `left`, those in which somebody else has the member's row at the moment.
--
-- All rows of conversations are locked first, in order, then those of the member, then the person's.
CREATE OR REPLACE FUNCTION parley_mark_read_in(p_actor uuid, p_conversations uuid[], p_seqs int[], p_before timestamptz, p_gather_from int)
RETURNS jsonb LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
DECLARE
  small uuid[]; large uuid[]; asked uuid[]; targets int[]; large_targets int[]; one record; advanced jsonb;
  changed int := 0; left_over jsonb := '[]'; events jsonb := '[]';
BEGIN
  small := ARRAY(SELECT id FROM conversations WHERE id = ANY (p_conversations) AND member_count < p_gather_from
    ORDER BY id FOR NO KEY UPDATE);
  PERFORM FROM members WHERE conversation_id = ANY (small) AND user_id = p_actor ORDER BY conversation_id FOR NO KEY UPDATE;
  SELECT array_agg(a.id), array_agg(least(a.seq, CASE WHEN p_before IS NULL THEN a.seq
      ELSE parley_seq_at(ROW(c.*)::conversations, p_before, m.own_read_seq) END))
    INTO asked, targets
    FROM unnest(p_conversations, p_seqs) AS a(id, seq) JOIN conversations c ON c.id = a.id
    JOIN members m ON m.conversation_id = a.id AND m.user_id = p_actor AND m.left_at IS NULL;
  SELECT array_agg(a.id), array_agg(a.seq) INTO large, large_targets
    FROM unnest(asked, targets) AS a(id, seq) WHERE a.id <> ALL (small);
  FOR one IN
    SELECT x.*, large[x.place] AS id, large_targets[x.place] AS target
      FROM parley_advance_cursors(array_fill(p_actor, ARRAY[cardinality(large)]), large, large_targets,
          array_fill(0, ARRAY[cardinality(large)]), p_gather_from) WITH ORDINALITY
        AS x(outcome, last_read_seq, last_delivered_seq, unread_count, event_seq, mark, mark_before, at_ms, place)
     WHERE large IS NOT NULL
  LOOP
    IF one.outcome = 'ADVANCED' THEN changed := changed + 1; END IF;
    IF one.outcome IN ('LOCKED', 'SMALL') THEN
      left_over := left_over || jsonb_build_object('conversationId', one.id, 'seq', one.target);
    END IF;
    IF one.event_seq IS NOT NULL THEN
      events := events || jsonb_build_object('streamId', p_actor, 'seq', one.event_seq, 'type', 'INBOX_ENTRY_CHANGED',
        'actorId', p_actor, 'messageSeq', NULL, 'data', jsonb_build_object('conversationId', one.id),
        'occurredAt', to_timestamp(one.at_ms / 1000), 'mark', one.mark, 'markBefore', one.mark_before, 'message', NULL);
    END IF;
  END LOOP;
  FOR one IN SELECT a.id, a.seq FROM unnest(asked, targets) AS a(id, seq) WHERE a.id = ANY (small) LOOP
    advanced := parley_advance_cursor(p_actor, one.id, one.seq, 0, p_gather_from);
    IF advanced->>'outcome' = 'ADVANCED' THEN changed := changed + 1; END IF;
    events := events || (advanced->'events');
  END LOOP;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'changed', changed, 'left', left_over, 'events', events);
END $$;
