-- The newest messages that match, of those that the viewer may see: up to p_wanted of those before the place p_below and down to
-- the place p_down_to. A tsquery has chr(1) where the tag of a conversation belongs: the last letters of its id, which stand
-- before each word in message_search. p_match is what must match, p_plain the same without conditions that are no words, p_whole
-- all of it in whole words. p_exact is what every match has of whole words where p_prefix, beginnings of words, stands beside it.
--
-- Two ways lead to the newest. What is frequent is found soon by walking back in time, through growing spans. What is rare the index of
-- words has for each conversation, those with the latest activity first. After the first rows it is known how frequent it is here,
-- and which way is shorter; where the newest messages misled, the index tells, and the walk goes on. So the work depends on the viewer's
-- conversations and not on how many messages there are.
--
-- For the beginning of a word the index reads everything that begins so, however rare the words beside it are. Where that is more than
-- the messages with these words, it is asked for them alone, and what it finds is compared with the whole.
CREATE OR REPLACE FUNCTION parley_search_messages(p_viewer uuid, p_is_staff boolean, p_conversation uuid, p_match text, p_plain text, p_whole text,
  p_from timestamptz, p_to timestamptz, p_below_at timestamptz, p_below_conversation uuid, p_below_seq int,
  p_down_at timestamptz, p_down_conversation uuid, p_down_seq int, p_wanted int, p_exact text, p_prefix text)
RETURNS TABLE (conversation_id uuid, seq int, created_at timestamptz, revision int, rank int)
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  batch_size CONSTANT int := 32;
  -- Counted in rows that are walked through, 2 µs each: most of them in all and in a span, the first ones to judge by; a row by the
  -- index, which is somewhere in the table; a conversation by the index.
  budget CONSTANT int := 60000; span CONSTANT int := 12000; sample CONSTANT int := 1000; by_index CONSTANT int := 12; per_talk CONSTANT int := 10;
  -- A row that has a beginning, when the index reads all that begin so.
  per_beginning CONSTANT int := 1;
  -- Rows by the index for a batch, from which on walking is shorter after all.
  many CONSTANT int := 4000; is_dense boolean := false; walk_hits int; got int;
  ids uuid[]; froms int[]; active timestamptz[]; queries tsquery[]; exacts tsquery[]; prefixes tsquery[];
  is_sampled boolean := p_exact IS NOT NULL; by_exact boolean := false; sampled int := 0; exact_hits int := 0; prefix_hits int := 0; new_exact int; new_prefix int;
  full_cost bigint; exact_cost bigint;
  high timestamptz := least(p_to, p_below_at);
  -- No message is older.
  oldest timestamptz := greatest(p_from, p_down_at, '2000-01-01');
  step interval := '1 minute'; low timestamptz; work int := 0; talks int := 0; looked int; walked int := 0; hits int; total bigint; is_over boolean := false;
  hit_ids uuid[] := '{}'; hit_seqs int[] := '{}'; hit_times timestamptz[] := '{}';
  new_ids uuid[]; new_seqs int[]; new_times timestamptz[]; batch tsquery; first int; last int;
BEGIN
  IF p_conversation IS NULL THEN
    SELECT array_agg(t.id ORDER BY t.at DESC), array_agg(t.from_seq ORDER BY t.at DESC), array_agg(t.at ORDER BY t.at DESC),
        sum(t.head_seq) INTO ids, froms, active, total
      FROM (SELECT m.conversation_id AS id, m.history_from_seq AS from_seq, c.last_activity_at AS at, c.head_seq
              FROM members m JOIN conversations c ON c.id = m.conversation_id WHERE m.user_id = p_viewer AND m.left_at IS NULL AND c.deleted_at IS NULL) t;
  ELSE
    SELECT ARRAY[c.id], ARRAY[coalesce(m.history_from_seq, 0)], ARRAY[c.last_activity_at], c.head_seq INTO ids, froms, active, total
      FROM conversations c LEFT JOIN members m ON m.conversation_id = c.id AND m.user_id = p_viewer AND m.left_at IS NULL
     WHERE c.id = p_conversation AND c.deleted_at IS NULL AND (m.user_id IS NOT NULL OR p_is_staff AND c.kind = 'SUPPORT');
  END IF;
  IF ids IS NULL THEN RETURN; END IF;
  queries := ARRAY(SELECT replace(p_match, chr(1), right(t.id::text, 6))::tsquery FROM unnest(ids) WITH ORDINALITY AS t(id, n) ORDER BY n);
  IF p_exact IS NOT NULL THEN
    exacts := ARRAY(SELECT replace(p_exact, chr(1), right(t.id::text, 6))::tsquery FROM unnest(ids) WITH ORDINALITY AS t(id, n) ORDER BY n);
    prefixes := ARRAY(SELECT replace(p_prefix, chr(1), right(t.id::text, 6))::tsquery FROM unnest(ids) WITH ORDINALITY AS t(id, n) ORDER BY n);
  END IF;
  high := least(high, active[1]);
  <<ways>>
  LOOP
  LOOP
    hits := cardinality(hit_times);
    IF high < oldest OR hits >= p_wanted THEN is_over := true; EXIT; END IF;
    IF NOT is_dense AND walked >= sample THEN
      full_cost := (total - walked) * greatest(hits, 1) / walked * by_index + (total - walked) * prefix_hits / greatest(sampled, 1) * per_beginning;
      exact_cost := CASE WHEN p_exact IS NOT NULL THEN (total - walked) * greatest(exact_hits, 1) / greatest(sampled, 1) * by_index END;
      by_exact := coalesce(exact_cost < full_cost, false);
      EXIT WHEN least(full_cost, exact_cost) + cardinality(ids) * per_talk
        < least((p_wanted - hits)::bigint * walked / greatest(hits, 1), total - walked);
    END IF;
    low := greatest(high - step, oldest - interval '1 millisecond');
    WHILE talks < cardinality(ids) AND active[talks + 1] > low LOOP talks := talks + 1; END LOOP;
    work := work + 2 * talks;
    EXIT WHEN work > budget;
    SELECT count(*), array_agg(w.conversation_id) FILTER (WHERE w.is_hit), array_agg(w.seq) FILTER (WHERE w.is_hit),
        array_agg(w.created_at) FILTER (WHERE w.is_hit), count(*) FILTER (WHERE w.is_exact), count(*) FILTER (WHERE w.is_prefix)
        INTO looked, new_ids, new_seqs, new_times, new_exact, new_prefix
      FROM (SELECT s.conversation_id, s.seq, s.created_at, s.words @@ c.query AND s.seq > c.from_seq AS is_hit,
                CASE WHEN is_sampled THEN s.words @@ c.exact END AS is_exact, CASE WHEN is_sampled THEN s.words @@ c.prefix END AS is_prefix
              FROM unnest(ids[1:talks], froms[1:talks], queries[1:talks], exacts[1:talks], prefixes[1:talks]) AS c(id, from_seq, query, exact, prefix)
              JOIN message_search s ON s.conversation_id = c.id AND s.created_at > low AND s.created_at <= high
             LIMIT span) w;
    work := work + looked;
    IF looked >= span THEN
      -- More than was looked through: a shorter span.
      step := step / 8;
      talks := 0;
    ELSE
      hit_ids := hit_ids || new_ids; hit_seqs := hit_seqs || new_seqs; hit_times := hit_times || new_times;
      walked := walked + looked;
      IF is_sampled THEN
        sampled := sampled + looked; exact_hits := exact_hits + new_exact; prefix_hits := prefix_hits + new_prefix;
        is_sampled := sampled < sample;
      END IF;
      high := low;
      IF looked < span / 4 THEN step := 3 * step; END IF;
    END IF;
  END LOOP;
  walk_hits := cardinality(hit_times);
  first := 1;
  WHILE NOT is_over AND first <= cardinality(ids) LOOP
    EXIT WHEN active[first] < oldest;
    -- All that is left is older than enough of what was found.
    EXIT WHEN cardinality(hit_times) >= p_wanted
      AND active[first] < (SELECT t FROM unnest(hit_times) AS t ORDER BY t DESC OFFSET p_wanted - 1 LIMIT 1);
    last := least(first + batch_size - 1, cardinality(ids));
    batch := (SELECT string_agg('(' || q::text || ')', ' | ')::tsquery
      FROM unnest(CASE WHEN by_exact THEN exacts ELSE queries END) WITH ORDINALITY AS t(q, n) WHERE n BETWEEN first AND last);
    -- By the index of words alone: the planner would combine it with one that reads the whole table. The conversation is compared
    -- too, as two of them may have one tag.
    WITH found AS MATERIALIZED (SELECT s.conversation_id, s.seq, s.created_at, CASE WHEN by_exact THEN s.words END AS words FROM message_search s WHERE s.words @@ batch
      LIMIT CASE WHEN is_dense THEN NULL ELSE many END)
    SELECT hit_ids || array_agg(f.conversation_id), hit_seqs || array_agg(f.seq), hit_times || array_agg(f.created_at),
        (SELECT count(*) FROM found) INTO hit_ids, hit_seqs, hit_times, got
      FROM found f JOIN unnest(ids[first:last], froms[first:last], queries[first:last]) AS c(id, from_seq, query)
        ON c.id = f.conversation_id AND f.seq > c.from_seq AND (NOT by_exact OR f.words @@ c.query)
     WHERE f.created_at <= high AND f.created_at >= oldest;
    IF NOT is_dense AND got >= many THEN
      is_dense := true; work := 0;
      hit_ids := hit_ids[1:walk_hits]; hit_seqs := hit_seqs[1:walk_hits]; hit_times := hit_times[1:walk_hits];
      CONTINUE ways;
    END IF;
    first := last + 1;
  END LOOP;
  EXIT;
  END LOOP;
  RETURN QUERY
    SELECT h.id, h.seq, h.at, m.revision,
      CASE WHEN s.words @@ replace(p_whole, chr(1), right(h.id::text, 6))::tsquery THEN 1000 ELSE 0 END
        + round(1000 * ts_rank(s.words, replace(p_plain, chr(1), right(h.id::text, 6))::tsquery))::int
      FROM (SELECT t.id, t.seq, t.at FROM unnest(hit_ids, hit_seqs, hit_times) AS t(id, seq, at)
             WHERE (t.at, t.id, t.seq) < (p_below_at, p_below_conversation, p_below_seq)
               AND (t.at, t.id, t.seq) >= (p_down_at, p_down_conversation, p_down_seq)
             ORDER BY t.at DESC, t.id DESC, t.seq DESC LIMIT p_wanted) h
      JOIN message_search s ON s.conversation_id = h.id AND s.created_at = h.at AND s.seq = h.seq
      -- A row of a text that was edited or deleted since says nothing.
      LEFT JOIN messages m ON m.conversation_id = h.id AND m.seq = h.seq AND m.revision = s.revision AND m.deleted_at IS NULL;
END $$;

-- For processes of the former version.
CREATE OR REPLACE FUNCTION parley_search_messages(p_viewer uuid, p_is_staff boolean, p_conversation uuid, p_match text, p_plain text, p_whole text,
  p_from timestamptz, p_to timestamptz, p_below_at timestamptz, p_below_conversation uuid, p_below_seq int,
  p_down_at timestamptz, p_down_conversation uuid, p_down_seq int, p_wanted int)
RETURNS TABLE (conversation_id uuid, seq int, created_at timestamptz, revision int, rank int) LANGUAGE sql STABLE AS $$
  SELECT * FROM parley_search_messages(p_viewer, p_is_staff, p_conversation, p_match, p_plain, p_whole, p_from, p_to, p_below_at,
    p_below_conversation, p_below_seq, p_down_at, p_down_conversation, p_down_seq, p_wanted, NULL, NULL);
$$;
