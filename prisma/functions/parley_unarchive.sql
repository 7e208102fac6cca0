-- Brings conversations that got messages in this transaction back to the ACTIVE inbox of members who had archived them:
-- docs/decisions/0036. Not for a member who has muted it now, unless they sent one of these messages; what they have hidden
-- comes back in any case. A request stays one until the member writes there, which takes it up. Sending functions
-- call it last, for conversations whose rows they hold; a conversation without an accepted message is skipped. Returns the
-- events on these people's personal streams, at most max_announced of them: the relay finds the others.
--
-- Locks members' rows first, then users by id. Nothing else is locked or written after that, and no key: so a transaction
-- that waits for a person here holds nothing that the other one could wait for.
CREATE OR REPLACE FUNCTION parley_unarchive(p_conversations uuid[]) RETURNS jsonb LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
DECLARE
  max_announced CONSTANT int := 100;
  now timestamptz; log_xid xid8; people uuid[]; talks uuid[]; events jsonb;
BEGIN
  -- Nearly always all there is to do.
  PERFORM FROM members WHERE conversation_id = ANY (p_conversations) AND archived AND left_at IS NULL LIMIT 1;
  IF NOT FOUND THEN RETURN '[]'; END IF;
  now := parley_now();
  log_xid := parley_xid();
  WITH back AS (
    UPDATE members m SET archived = false, hidden = false, requested = false
      FROM conversations c
     WHERE c.id = ANY (p_conversations) AND c.head_xid = log_xid
       AND m.conversation_id = c.id AND m.archived AND m.left_at IS NULL
       AND (NOT m.requested AND (m.hidden OR (m.muted_until > now) IS NOT TRUE)
         -- Their last message is of this transaction: all its events in the conversation are messages, without a gap.
         OR EXISTS (SELECT FROM events e WHERE e.stream_id = c.id AND e.seq = c.head_event_seq - (c.head_seq - m.last_sent_seq)
           AND e.xid = log_xid AND e.message_seq = m.last_sent_seq))
    RETURNING m.user_id, m.conversation_id
  )
  SELECT array_agg(user_id), array_agg(conversation_id) INTO people, talks FROM back;
  IF people IS NULL THEN RETURN '[]'; END IF;
  DELETE FROM requests r USING unnest(people, talks) AS answered(person, talk)
   WHERE r.conversation_id = answered.talk AND r.user_id = answered.person;
  PERFORM FROM users WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
  -- A new statement: it sees where their streams ended when the locks were had.
  WITH numbered AS MATERIALIZED (
    SELECT b.person, b.talk, sent.actor_id AS actor, b.mark,
      u.head_event_seq + (row_number() OVER (PARTITION BY b.person ORDER BY b.talk))::int AS seq,
      coalesce(lag(b.mark) OVER (PARTITION BY b.person ORDER BY b.talk), u.head_mark) AS mark_before
    FROM (SELECT person, talk, parley_mark() AS mark FROM unnest(people, talks) AS came(person, talk)) AS b JOIN users u ON u.id = b.person
    JOIN conversations c ON c.id = b.talk JOIN events sent ON sent.stream_id = c.id AND sent.seq = c.head_event_seq
  ), heads AS (
    UPDATE users u SET head_event_seq = n.seq, head_mark = n.mark, head_xid = log_xid
      FROM (SELECT DISTINCT ON (person) person, seq, mark FROM numbered ORDER BY person, seq DESC) n
     WHERE u.id = n.person
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, actor_id, data, occurred_at, mark, mark_before, xid)
    SELECT person, seq, 'INBOX_ENTRY_CHANGED', actor, jsonb_build_object('conversationId', talk), now, mark,
        mark_before, log_xid
      FROM numbered
  )
  SELECT jsonb_agg(jsonb_build_object('streamId', person, 'seq', seq, 'type', 'INBOX_ENTRY_CHANGED', 'actorId', actor,
      'messageSeq', NULL, 'data', jsonb_build_object('conversationId', talk), 'occurredAt', now, 'mark', mark,
      'markBefore', mark_before, 'message', NULL) ORDER BY person, seq) INTO events
    FROM (SELECT * FROM numbered ORDER BY person, seq LIMIT max_announced) first;
  RETURN events;
END $$;
