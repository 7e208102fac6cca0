-- The search of messages: docs/decisions/0060. What stands in the tables now is indexed by the servers from the start, what is
-- written from now on by the log.

-- CreateTable
CREATE TABLE "message_search" (
    "conversation_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "seq" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL,
    "words" tsvector NOT NULL,

    CONSTRAINT "message_search_pkey" PRIMARY KEY ("conversation_id","created_at","seq")
);

-- CreateTable
CREATE TABLE "search_position" (
    "only" BOOLEAN NOT NULL DEFAULT true,
    "version" INTEGER NOT NULL DEFAULT 0,
    "seen_xid" BIGINT NOT NULL,
    "running" BIGINT[],
    "indexed_until" TIMESTAMPTZ(3) NOT NULL,
    "rule" SMALLINT NOT NULL,
    "backfill_id" UUID,
    "backfill_seq" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "search_position_pkey" PRIMARY KEY ("only")
);

-- CreateIndex
CREATE INDEX "message_search_words" ON "message_search" USING GIN ("words") WITH (fastupdate = off);

ALTER TABLE "search_position" ADD CONSTRAINT "search_position_one_row" CHECK ("only");

INSERT INTO "search_position" ("seen_xid", "running", "indexed_until", "rule", "backfill_id")
SELECT pg_snapshot_xmax(s)::text::bigint + o, ARRAY(SELECT x::text::bigint + o FROM pg_snapshot_xip(s) AS x), now(), 0,
  '00000000-0000-0000-0000-000000000000'
  FROM (SELECT pg_current_snapshot() AS s, parley_xid_offset() AS o) AS now;

-- Functions as prisma/functions has them (npm run migration:functions).

-- Removes what hangs on messages whose texts are removed in the same transaction: everything that must not be left of a deleted
-- or erased message. Each table with something of a message has its line here.
CREATE OR REPLACE FUNCTION parley_clear_messages(p_conversation uuid, p_seqs int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A join and not ANY: for a long list of numbers each is looked up by its key.
  DELETE FROM reactions r USING unnest(p_seqs) AS s(seq) WHERE r.conversation_id = p_conversation AND r.message_seq = s.seq;
  DELETE FROM reaction_kinds k USING unnest(p_seqs) AS s(seq) WHERE k.conversation_id = p_conversation AND k.message_seq = s.seq;
  DELETE FROM pins p USING unnest(p_seqs) AS s(seq) WHERE p.conversation_id = p_conversation AND p.message_seq = s.seq;
  DELETE FROM mentions m USING unnest(p_seqs) AS s(seq) WHERE m.conversation_id = p_conversation AND m.message_seq = s.seq;
  DELETE FROM message_revisions h USING unnest(p_seqs) AS s(seq) WHERE h.conversation_id = p_conversation AND h.message_seq = s.seq;
  DELETE FROM message_search x USING unnest(p_seqs) AS s(seq) JOIN messages m ON m.conversation_id = p_conversation AND m.seq = s.seq
   WHERE x.conversation_id = p_conversation AND x.created_at = m.created_at AND x.seq = s.seq;
END $$;

-- Removes one batch: the oldest events of one stream. The stream's floor moves with it, and keeps the mark and the
-- transaction of the last removed event. Returns how many events were removed; 0 when none is old enough, or when another
-- process is removing events.
CREATE OR REPLACE FUNCTION parley_retire_events(p_before timestamptz, p_limit int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE target uuid; last events; newest xid8; removed int;
BEGIN
  -- What the search has not taken from the log yet stays in it.
  p_before := least(p_before, (SELECT indexed_until FROM search_position));
  IF NOT pg_try_advisory_xact_lock(hashtext('parley_retire_events')) THEN RETURN 0; END IF;
  SELECT stream_id INTO target FROM events WHERE occurred_at < p_before LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- The head row first, as every writer does.
  PERFORM FROM conversations WHERE id = target FOR NO KEY UPDATE;
  PERFORM FROM users WHERE id = target FOR NO KEY UPDATE;
  SELECT * INTO last FROM (
    SELECT * FROM events WHERE stream_id = target AND occurred_at < p_before ORDER BY seq LIMIT p_limit) AS batch
   ORDER BY seq DESC LIMIT 1;
  UPDATE conversations SET floor_event_seq = last.seq, floor_mark = last.mark, floor_xid = last.xid
   WHERE id = target AND floor_event_seq < last.seq;
  UPDATE users SET floor_event_seq = last.seq, floor_mark = last.mark, floor_xid = last.xid
   WHERE id = target AND floor_event_seq < last.seq;
  WITH gone AS (DELETE FROM events WHERE stream_id = target AND seq <= last.seq RETURNING *), kept AS (
    INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, mark, message_seq, data, occurred_at)
    SELECT actor_id, op_key, request_hash, stream_id, seq, mark, message_seq, data, occurred_at FROM gone WHERE op_key IS NOT NULL)
  SELECT count(*), (array_agg(xid ORDER BY xid DESC))[1] INTO removed, newest FROM gone;
  UPDATE log_clock SET retired_xid = newest WHERE retired_xid < newest;
  RETURN removed;
END $$;

-- The newest messages that match, of those that the viewer may see: up to p_wanted of those before the place p_below and down to
-- the place p_down_to. A tsquery has chr(1) where the tag of a conversation belongs: the last letters of its id, which stand
-- before each word in message_search. p_match is what must match, p_plain the same without conditions that are no words, p_whole
-- all of it in whole words.
--
-- Two ways lead to the newest. Words that are frequent are found soon by walking back in time, through growing spans. When that
-- has looked at some thousand rows, the words are rare enough here: the index has their messages in each conversation, those with the
-- latest activity first. So the work depends on the viewer's conversations and not on how many messages there are.
CREATE OR REPLACE FUNCTION parley_search_messages(p_viewer uuid, p_is_staff boolean, p_conversation uuid, p_match text, p_plain text, p_whole text,
  p_from timestamptz, p_to timestamptz, p_below_at timestamptz, p_below_conversation uuid, p_below_seq int,
  p_down_at timestamptz, p_down_conversation uuid, p_down_seq int, p_wanted int)
RETURNS TABLE (conversation_id uuid, seq int, created_at timestamptz, revision int, rank int)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  budget CONSTANT int := 5000; batch_size CONSTANT int := 32;
  ids uuid[]; froms int[]; active timestamptz[]; queries tsquery[];
  high timestamptz := least(p_to, p_below_at);
  -- No message is older.
  oldest timestamptz := greatest(p_from, p_down_at, '2000-01-01');
  step interval := '1 minute'; low timestamptz; work int := 0; talks int := 0; looked int; is_over boolean := false;
  hit_ids uuid[] := '{}'; hit_seqs int[] := '{}'; hit_times timestamptz[] := '{}';
  new_ids uuid[]; new_seqs int[]; new_times timestamptz[]; batch tsquery; first int; last int;
BEGIN
  IF p_conversation IS NULL THEN
    SELECT array_agg(t.id ORDER BY t.at DESC), array_agg(t.from_seq ORDER BY t.at DESC), array_agg(t.at ORDER BY t.at DESC) INTO ids, froms, active
      FROM (SELECT m.conversation_id AS id, m.history_from_seq AS from_seq, c.last_activity_at AS at
              FROM members m JOIN conversations c ON c.id = m.conversation_id WHERE m.user_id = p_viewer AND m.left_at IS NULL) t;
  ELSE
    SELECT ARRAY[c.id], ARRAY[coalesce(m.history_from_seq, 0)], ARRAY[c.last_activity_at] INTO ids, froms, active
      FROM conversations c LEFT JOIN members m ON m.conversation_id = c.id AND m.user_id = p_viewer AND m.left_at IS NULL
     WHERE c.id = p_conversation AND (m.user_id IS NOT NULL OR p_is_staff AND c.kind = 'SUPPORT');
  END IF;
  IF ids IS NULL THEN RETURN; END IF;
  queries := ARRAY(SELECT replace(p_match, chr(1), right(t.id::text, 6))::tsquery FROM unnest(ids) WITH ORDINALITY AS t(id, n) ORDER BY n);
  high := least(high, active[1]);
  LOOP
    IF high < oldest OR cardinality(hit_times) >= p_wanted THEN is_over := true; EXIT; END IF;
    low := greatest(high - step, oldest - interval '1 millisecond');
    WHILE talks < cardinality(ids) AND active[talks + 1] > low LOOP talks := talks + 1; END LOOP;
    work := work + 2 * talks;
    EXIT WHEN work > budget;
    SELECT count(*), array_agg(w.conversation_id) FILTER (WHERE w.is_hit), array_agg(w.seq) FILTER (WHERE w.is_hit),
        array_agg(w.created_at) FILTER (WHERE w.is_hit) INTO looked, new_ids, new_seqs, new_times
      FROM (SELECT s.conversation_id, s.seq, s.created_at, s.words @@ c.query AND s.seq > c.from_seq AS is_hit
              FROM unnest(ids[1:talks], froms[1:talks], queries[1:talks]) AS c(id, from_seq, query)
              JOIN message_search s ON s.conversation_id = c.id AND s.created_at > low AND s.created_at <= high
             LIMIT budget - work + 1) w;
    work := work + looked;
    -- This span has more than may be looked at, and was not looked through.
    EXIT WHEN work > budget;
    hit_ids := hit_ids || new_ids; hit_seqs := hit_seqs || new_seqs; hit_times := hit_times || new_times;
    high := low;
    step := 3 * step;
  END LOOP;
  first := 1;
  WHILE NOT is_over AND first <= cardinality(ids) LOOP
    EXIT WHEN active[first] < oldest;
    -- All that is left is older than enough of what was found.
    EXIT WHEN cardinality(hit_times) >= p_wanted
      AND active[first] < (SELECT t FROM unnest(hit_times) AS t ORDER BY t DESC OFFSET p_wanted - 1 LIMIT 1);
    last := least(first + batch_size - 1, cardinality(ids));
    batch := (SELECT string_agg('(' || q::text || ')', ' | ')::tsquery FROM unnest(queries[first:last]) AS q);
    -- By the index of words alone: the conversation is compared afterwards, as two of them may have one tag.
    WITH found AS MATERIALIZED (
      SELECT s.conversation_id, s.seq, s.created_at FROM message_search s
       WHERE s.words @@ batch AND s.created_at <= high AND s.created_at >= oldest)
    SELECT hit_ids || array_agg(f.conversation_id), hit_seqs || array_agg(f.seq), hit_times || array_agg(f.created_at)
      INTO hit_ids, hit_seqs, hit_times
      FROM found f JOIN unnest(ids[first:last], froms[first:last]) AS c(id, from_seq) ON c.id = f.conversation_id AND f.seq > c.from_seq;
    first := last + 1;
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
