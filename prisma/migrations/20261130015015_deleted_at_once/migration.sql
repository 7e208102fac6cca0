-- Functions as prisma/functions has them (npm run migration:functions).

-- The sender may delete within the edit policy; who may DELETE_OTHERS, at any time.
CREATE OR REPLACE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; moderates boolean; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > me.history_from_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  moderates := parley_may(c, me, 'DELETE_OTHERS');
  IF m.sender_id <> p_actor AND NOT moderates THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF NOT moderates THEN PERFORM parley_await_reads(c); END IF;
  IF NOT moderates AND NOT parley_editable(c, m) THEN
    RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy);
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  UPDATE messages SET text = NULL, salt = NULL, deleted_at = at, deleted_by_id = p_actor,
    mention_ids = NULL, mentions_everyone = false, attachment_count = 0
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  PERFORM parley_clear_messages(p_conversation, ARRAY[p_seq]);
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, p_op_key, p_hash,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- p_mention_ids: null leaves the mentions as they are, an empty list takes them away. The former text stays in
-- message_revisions, of which a message has at most 100.
CREATE OR REPLACE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int, p_mention_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m messages; history_from int; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT history_from_seq INTO history_from FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > history_from;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.sender_id <> p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  PERFORM parley_await_reads(c);
  IF NOT parley_editable(c, m) THEN RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy); END IF;
  IF p_expected_revision IS NOT NULL AND p_expected_revision <> m.revision THEN
    RETURN jsonb_build_object('outcome', 'REVISION_CONFLICT', 'eventSeq', c.head_event_seq, 'mark', c.head_mark,
      'message', parley_message_json(m));
  END IF;
  IF parley_extras_refused(p_actor, p_conversation, p_mention_ids, false, NULL, m.mention_ids) IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'MENTION_NOT_MEMBER');
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  INSERT INTO message_revisions (conversation_id, message_seq, revision, text, edited_at)
  VALUES (p_conversation, p_seq, m.revision, coalesce(m.text, ''), coalesce(m.edited_at, m.created_at));
  DELETE FROM message_revisions WHERE conversation_id = p_conversation AND message_seq = p_seq
    AND revision <= m.revision - 100;
  IF p_mention_ids IS NOT NULL THEN
    DELETE FROM mentions WHERE conversation_id = p_conversation AND message_seq = p_seq;
    m.mention_ids := nullif(p_mention_ids, '{}');
    PERFORM parley_store_extras(p_actor, p_conversation, p_seq, m.mention_ids, m.mentions_everyone, NULL);
  END IF;
  UPDATE messages SET text = p_text, revision = m.revision + 1, edited_at = at, mention_ids = m.mention_ids
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_EDITED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- For processes of the former version: the mentions stay.
CREATE OR REPLACE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_edit_message(p_actor, p_conversation, p_seq, p_op_key, p_hash, p_text, p_expected_revision, NULL);
$$;

-- What is as it should be already is accepted and appends nothing.
CREATE OR REPLACE FUNCTION parley_pin_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_pinned boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  max_pins CONSTANT int := 50;
  c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; pinned jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > me.history_from_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'PIN') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF p_pinned = EXISTS (SELECT FROM pins WHERE conversation_id = p_conversation AND message_seq = p_seq) THEN
    PERFORM parley_keep_op_key(c, p_actor, p_op_key, p_hash, p_seq);
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_conversation, 'eventSeq', c.head_event_seq,
      'mark', c.head_mark, 'message', parley_message_json(m), 'events', '[]'::jsonb);
  END IF;
  IF p_pinned AND max_pins <= (SELECT count(*) FROM pins WHERE conversation_id = p_conversation) THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_PINS');
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  IF p_pinned THEN
    INSERT INTO pins (conversation_id, message_seq, pinned_at, event_seq) VALUES (p_conversation, p_seq, at, c.head_event_seq + 1);
  ELSE
    DELETE FROM pins WHERE conversation_id = p_conversation AND message_seq = p_seq;
  END IF;
  -- With the message's number, by which a repeated request finds it: the event itself is about the conversation.
  pinned := parley_event(p_conversation, c.head_event_seq + 1, 'CONVERSATION_UPDATED', p_actor, p_op_key, p_hash, p_seq, NULL, at,
    NULL, new_mark, c.head_mark, log_xid);
  RETURN parley_accepted(pinned) || jsonb_build_object('message', parley_message_json(m));
END $$;

-- Null when the key is new; else the answer to its first use. After a message was deleted, a repeated request cannot be
-- compared with it any more: it counts as the same request.
CREATE OR REPLACE FUNCTION parley_replayed(p_actor uuid, p_op_key text, p_hash bytea) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE used record; m messages; c conversations;
BEGIN
  SELECT request_hash, stream_id, seq AS event_seq, mark, message_seq, data INTO used
    FROM events WHERE actor_id = p_actor AND op_key = p_op_key;
  IF NOT FOUND THEN
    SELECT request_hash, stream_id, event_seq, mark, message_seq, data INTO used
      FROM retired_op_keys WHERE actor_id = p_actor AND op_key = p_op_key;
    IF NOT FOUND THEN RETURN NULL; END IF;
  END IF;
  IF used.message_seq IS NOT NULL THEN
    SELECT * INTO m FROM messages WHERE conversation_id = used.stream_id AND seq = used.message_seq;
  END IF;
  IF octet_length(used.request_hash) = 32 AND used.request_hash <> p_hash
    OR octet_length(used.request_hash) = 33 AND used.request_hash <> parley_salted(p_hash, m.salt) THEN
    RETURN jsonb_build_object('outcome', 'OP_KEY_REUSED');
  END IF;
  IF used.message_seq IS NOT NULL AND m.deleted_at IS NULL THEN
    -- A tombstone while a deleted conversation's texts are still being removed.
    SELECT * INTO c FROM conversations WHERE id = m.conversation_id AND texts_left_seq >= m.seq;
    IF FOUND THEN
      m.text := NULL; m.deleted_at := c.deleted_at; m.deleted_by_id := c.deleted_by_id;
      m.mention_ids := NULL; m.mentions_everyone := false; m.attachment_count := 0;
    END IF;
  END IF;
  RETURN jsonb_build_object('outcome', 'DUPLICATE', 'streamId', used.stream_id, 'eventSeq', used.event_seq, 'mark', used.mark,
    'data', used.data, 'message', CASE WHEN used.message_seq IS NOT NULL THEN parley_message_json(m) END, 'events', '[]'::jsonb);
END $$;

-- The newest messages that match, of those that the viewer may see: up to p_wanted of those before the place p_below and down to
-- the place p_down_to. A tsquery has chr(1) where the tag of a conversation belongs: the last letters of its id, which stand
-- before each word in message_search. p_match is what must match, p_plain the same without conditions that are no words, p_whole
-- all of it in whole words.
--
-- Two ways lead to the newest. What is frequent is found soon by walking back in time, through growing spans. What is rare the index of
-- words has for each conversation, those with the latest activity first. After the first rows it is known how frequent it is here,
-- and which way is shorter; where the newest messages misled, the index tells, and the walk goes on. So the work depends on the viewer's
-- conversations and not on how many messages there are.
CREATE OR REPLACE FUNCTION parley_search_messages(p_viewer uuid, p_is_staff boolean, p_conversation uuid, p_match text, p_plain text, p_whole text,
  p_from timestamptz, p_to timestamptz, p_below_at timestamptz, p_below_conversation uuid, p_below_seq int,
  p_down_at timestamptz, p_down_conversation uuid, p_down_seq int, p_wanted int)
RETURNS TABLE (conversation_id uuid, seq int, created_at timestamptz, revision int, rank int)
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  batch_size CONSTANT int := 32;
  -- Counted in rows that are walked through, 2 µs each: most of them in all and in a span, the first ones to judge by; a row by the
  -- index, which is somewhere in the table; a conversation by the index.
  budget CONSTANT int := 60000; span CONSTANT int := 12000; sample CONSTANT int := 1000; by_index CONSTANT int := 12; per_talk CONSTANT int := 10;
  -- Rows by the index for a batch, from which on walking is shorter after all.
  many CONSTANT int := 4000; is_dense boolean := false; walk_hits int; got int;
  ids uuid[]; froms int[]; active timestamptz[]; queries tsquery[];
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
  high := least(high, active[1]);
  <<ways>>
  LOOP
  LOOP
    hits := cardinality(hit_times);
    IF high < oldest OR hits >= p_wanted THEN is_over := true; EXIT; END IF;
    EXIT WHEN NOT is_dense AND walked >= sample AND (total - walked) * greatest(hits, 1) / walked * by_index + cardinality(ids) * per_talk
      < least((p_wanted - hits)::bigint * walked / greatest(hits, 1), total - walked);
    low := greatest(high - step, oldest - interval '1 millisecond');
    WHILE talks < cardinality(ids) AND active[talks + 1] > low LOOP talks := talks + 1; END LOOP;
    work := work + 2 * talks;
    EXIT WHEN work > budget;
    SELECT count(*), array_agg(w.conversation_id) FILTER (WHERE w.is_hit), array_agg(w.seq) FILTER (WHERE w.is_hit),
        array_agg(w.created_at) FILTER (WHERE w.is_hit) INTO looked, new_ids, new_seqs, new_times
      FROM (SELECT s.conversation_id, s.seq, s.created_at, s.words @@ c.query AND s.seq > c.from_seq AS is_hit
              FROM unnest(ids[1:talks], froms[1:talks], queries[1:talks]) AS c(id, from_seq, query)
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
    batch := (SELECT string_agg('(' || q::text || ')', ' | ')::tsquery FROM unnest(queries[first:last]) AS q);
    -- By the index of words alone: the planner would combine it with one that reads the whole table. The conversation is compared
    -- too, as two of them may have one tag.
    WITH found AS MATERIALIZED (SELECT s.conversation_id, s.seq, s.created_at FROM message_search s WHERE s.words @@ batch
      LIMIT CASE WHEN is_dense THEN NULL ELSE many END)
    SELECT hit_ids || array_agg(f.conversation_id), hit_seqs || array_agg(f.seq), hit_times || array_agg(f.created_at),
        (SELECT count(*) FROM found) INTO hit_ids, hit_seqs, hit_times, got
      FROM found f JOIN unnest(ids[first:last], froms[first:last]) AS c(id, from_seq) ON c.id = f.conversation_id AND f.seq > c.from_seq
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

-- What is as it should be already is accepted and appends nothing: each event is a change. It is no activity: the
-- conversation's time, its members' places in the inbox and what they have read stay.
CREATE OR REPLACE FUNCTION parley_toggle_reaction(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea,
  p_emoji text, p_on boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  max_kinds CONSTANT int := 20;
  c conversations; m messages; history_from int; k reaction_kinds; replayed jsonb; had boolean; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  -- Whoever was erased stays in a direct conversation, and must leave nothing there any more.
  SELECT history_from_seq INTO history_from FROM members
   WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL AND erased_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq AND seq > history_from;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  SELECT * INTO k FROM reaction_kinds WHERE conversation_id = p_conversation AND message_seq = p_seq AND emoji = p_emoji;
  had := EXISTS (SELECT FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor
    AND kind = k.kind);
  IF had = p_on THEN
    PERFORM parley_keep_op_key(c, p_actor, p_op_key, parley_salted(p_hash, m.salt), p_seq);
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_conversation, 'eventSeq', c.head_event_seq,
      'mark', c.head_mark, 'message', parley_message_json(m), 'events', '[]'::jsonb);
  END IF;
  IF p_on AND k.since_event_seq IS NULL AND max_kinds <= (SELECT count(*) FROM reaction_kinds
    WHERE conversation_id = p_conversation AND message_seq = p_seq AND since_event_seq IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_REACTIONS');
  END IF;
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  IF k.kind IS NULL THEN
    INSERT INTO reaction_kinds (conversation_id, message_seq, kind, emoji)
    SELECT p_conversation, p_seq, 1 + coalesce(max(kind), 0), p_emoji FROM reaction_kinds
     WHERE conversation_id = p_conversation AND message_seq = p_seq
    RETURNING * INTO k;
  END IF;
  UPDATE reaction_kinds SET count = k.count + CASE WHEN p_on THEN 1 ELSE -1 END,
    since_event_seq = CASE WHEN p_on THEN coalesce(k.since_event_seq, c.head_event_seq + 1)
      WHEN k.count > 1 THEN k.since_event_seq END
   WHERE conversation_id = p_conversation AND message_seq = p_seq AND kind = k.kind;
  IF p_on THEN
    INSERT INTO reactions (conversation_id, message_seq, user_id, kind, event_seq)
    VALUES (p_conversation, p_seq, p_actor, k.kind, c.head_event_seq + 1);
  ELSE
    DELETE FROM reactions WHERE conversation_id = p_conversation AND message_seq = p_seq AND user_id = p_actor AND kind = k.kind;
  END IF;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'REACTION_TOGGLED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, jsonb_build_object('kind', k.kind, 'on', p_on), parley_now(),
    parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- Messages of others after the viewer's read position, without deleted ones. Own messages after it exist only if the viewer
-- marked the conversation unread by hand. Of a deleted conversation none counts, also while its messages are still being cleared.
CREATE OR REPLACE FUNCTION parley_unread(p_conversation uuid, p_viewer uuid, p_head int, p_own_read int, p_last_sent int)
RETURNS int LANGUAGE sql STABLE
RETURN CASE WHEN p_head <= p_own_read THEN 0 ELSE (
  SELECT p_head - r.seq
    - (SELECT count(*)::int FROM messages
        WHERE conversation_id = p_conversation AND seq > r.seq AND deleted_at IS NOT NULL)
    - CASE WHEN p_last_sent <= r.seq THEN 0 ELSE
        (SELECT count(*)::int FROM messages
          WHERE conversation_id = p_conversation AND seq > r.seq AND seq <= p_last_sent
            AND sender_id = p_viewer AND deleted_at IS NULL)
      END
  FROM (SELECT greatest(p_own_read, (SELECT texts_left_seq FROM conversations WHERE id = p_conversation)) AS seq) r)
END;
