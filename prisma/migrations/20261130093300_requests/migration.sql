-- AlterTable
ALTER TABLE "members" ADD COLUMN     "requested" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "requests_enabled" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "requests" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "from_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "declined_at" TIMESTAMPTZ(3),

    CONSTRAINT "requests_pkey" PRIMARY KEY ("conversation_id","user_id")
);

-- CreateIndex
CREATE INDEX "requests_user_id_idx" ON "requests"("user_id");

-- CreateIndex
CREATE INDEX "requests_from_id_idx" ON "requests"("from_id");

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_from_id_fkey" FOREIGN KEY ("from_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Functions as prisma/functions has them (npm run migration:functions).

-- People who are members already do not change. Who does not let the actor add them, and takes requests, is invited.
CREATE OR REPLACE FUNCTION parley_add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; added uuid[]; asked uuid[]; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'ADD') THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF NOT parley_all_exist(p_users) THEN RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND'); END IF;
  added := ARRAY(SELECT DISTINCT x FROM unnest(p_users) x WHERE NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x AND left_at IS NULL) ORDER BY 1);
  IF EXISTS (SELECT FROM bans WHERE conversation_id = p_conversation AND user_id = ANY (added)) THEN
    RETURN jsonb_build_object('outcome', 'USER_BANNED');
  END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocked_id = p_actor AND blocker_id = ANY (added)) THEN
    RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND');
  END IF;
  asked := parley_not_taking(p_actor, added);
  IF NOT parley_may_ask(asked) THEN RETURN jsonb_build_object('outcome', 'ADDITION_REFUSED'); END IF;
  added := ARRAY(SELECT x FROM unnest(added) x WHERE x <> ALL (asked) ORDER BY 1);
  IF c.member_count + cardinality(added) > p_limit THEN RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS'); END IF;
  events := parley_join(p_actor, c, added);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events || parley_request(p_actor, p_conversation, asked));
END $$;

-- markRead (p_delivered 0) and markDelivered (p_read 0). Positions only move forward; a seq past the head counts as the
-- head. With p_gather_from members or more (but never in a support conversation, whose queue follows at once) the others are told later; `gathered` is then true.
-- Between two people of whom one blocked the other nothing is told of what was read, and of a request nothing at all.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int, p_gather_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c conversations; me members; tells boolean; at timestamptz; events jsonb := '[]'; outcome text := 'UNCHANGED';
  read_before int; delivered_before int; read_to int; own_to int; delivered_to int; one record;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation;
  IF c.member_count >= p_gather_from AND c.kind <> 'SUPPORT' AND NOT EXISTS (
      SELECT FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND requested) THEN
    SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    IF one.outcome = 'LOCKED' THEN
      PERFORM FROM members WHERE conversation_id = p_conversation AND user_id = p_actor FOR NO KEY UPDATE;
      PERFORM pg_advisory_xact_lock_shared(parley_read_key(p_conversation));
      SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    END IF;
    IF one.event_seq IS NOT NULL THEN
      events := jsonb_build_array(jsonb_build_object('streamId', p_actor, 'seq', one.event_seq,
        'type', 'INBOX_ENTRY_CHANGED', 'actorId', p_actor, 'messageSeq', NULL,
        'data', jsonb_build_object('conversationId', p_conversation),
        'occurredAt', to_timestamp(one.at_ms / 1000), 'mark', one.mark, 'markBefore', one.mark_before,
        'message', NULL));
    END IF;
    RETURN jsonb_build_object('outcome', one.outcome, 'lastReadSeq', one.last_read_seq,
      'lastDeliveredSeq', one.last_delivered_seq, 'unreadCount', one.unread_count, 'gathered', true, 'events', events);
  END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT NOT me.requested AND read_receipts_enabled AND NOT (c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key)) INTO tells FROM users WHERE id = p_actor;
  read_before := greatest(me.last_read_seq, me.pending_read_seq);
  delivered_before := greatest(me.last_delivered_seq, me.pending_delivered_seq);
  -- Without a lock where nothing can change: cursors only grow, but for the viewer's own hand.
  IF p_read > me.own_read_seq OR NOT me.requested AND greatest(p_read, p_delivered) > delivered_before OR tells AND p_read > read_before THEN
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
    SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    SELECT NOT me.requested AND read_receipts_enabled AND NOT (c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key)) INTO tells FROM users WHERE id = p_actor;
    -- Never before the messages that are read, whatever the clock did.
    at := greatest(parley_now(), c.last_activity_at);
    read_before := greatest(me.last_read_seq, me.pending_read_seq);
    delivered_before := greatest(me.last_delivered_seq, me.pending_delivered_seq);
    own_to := greatest(me.own_read_seq, least(p_read, c.head_seq));
    delivered_to := CASE WHEN me.requested THEN me.last_delivered_seq ELSE greatest(delivered_before, least(greatest(p_read, p_delivered), c.head_seq)) END;
    read_to := CASE WHEN tells THEN greatest(read_before, least(p_read, c.head_seq)) ELSE me.last_read_seq END;
    IF own_to > me.own_read_seq OR read_to > read_before OR delivered_to > delivered_before THEN
      outcome := 'ADVANCED';
      -- With what was gathered while the conversation was larger.
      UPDATE members SET own_read_seq = own_to, last_read_seq = read_to, last_delivered_seq = delivered_to,
        caught_up = c.inbox_due_at IS NOT NULL AND own_to >= c.head_seq,
        pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
       WHERE conversation_id = p_conversation AND user_id = p_actor;
      IF read_to > read_before THEN
        INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, read_to, at)
        ON CONFLICT DO NOTHING;
      END IF;
      IF read_to > me.last_read_seq OR delivered_to > me.last_delivered_seq THEN
        events := jsonb_build_array(parley_conversation_event(p_conversation, 'RECEIPT_ADVANCED', p_actor, jsonb_build_object(
          'receipts', jsonb_build_array(jsonb_build_object('userId', p_actor, 'lastReadSeq', read_to,
            'lastDeliveredSeq', delivered_to, 'at', at, 'delivered', delivered_to > me.last_delivered_seq)))));
      ELSE
        -- The others saw no change, the own devices do: read again what had been marked unread by hand, or in secret.
        events := parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}');
      END IF;
      IF c.kind = 'SUPPORT' THEN
        -- Several of the staff count as one.
        UPDATE support_cases SET staff_read_seq = greatest(staff_read_seq, own_to),
            staff_told_seq = CASE WHEN tells THEN greatest(staff_told_seq, read_to) ELSE staff_told_seq END
         WHERE conversation_id = p_conversation AND user_id <> p_actor;
      END IF;
      me.own_read_seq := own_to; delivered_before := delivered_to;
    END IF;
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', me.own_read_seq, 'lastDeliveredSeq', delivered_before,
    'unreadCount', parley_unread(p_conversation, p_actor, c.head_seq, me.own_read_seq, me.last_sent_seq), 'events', events);
END $$;

-- For processes of the former version: the others are always told at once.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_advance_cursor(p_actor, p_conversation, p_read, p_delivered, 2147483647);
$$;

-- Many advances in one statement and one commit, in conversations of at least p_gather_from members. The caller must give
-- at most one advance for each member in a call. p_reads has 0 for markDelivered, p_delivereds has 0 for markRead.
--
-- Returns one row for each advance, in order. LOCKED: another transaction has the member's row, or edits or deletes a message
-- that must not be read before (parley_read_key). SMALL: the conversation has
-- fewer members, or is one with support, or a request. Nothing was done for these. event_seq is the number of the INBOX_ENTRY_CHANGED on the member's personal
-- stream, if there is one.
CREATE OR REPLACE FUNCTION parley_advance_cursors(p_actors uuid[], p_conversations uuid[], p_reads int[], p_delivereds int[],
  p_gather_from int)
RETURNS TABLE (outcome text, last_read_seq int, last_delivered_seq int, unread_count int, event_seq int, mark text,
  mark_before text, at_ms float8)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE held bigint[]; changing uuid[]; now timestamptz; log_xid xid8;
BEGIN
  -- Not those that stay as they are: a lock is a write.
  held := ARRAY(
    SELECT a.place
      FROM unnest(p_actors, p_conversations, p_reads, p_delivereds) WITH ORDINALITY AS a(actor, conversation, read, delivered, place)
      JOIN members m ON m.conversation_id = a.conversation AND m.user_id = a.actor AND m.left_at IS NULL
      JOIN conversations c ON c.id = a.conversation JOIN users u ON u.id = a.actor
     WHERE c.member_count >= p_gather_from AND c.kind <> 'SUPPORT' AND NOT m.requested AND (
       least(a.read, c.head_seq) > m.own_read_seq
       OR least(greatest(a.read, a.delivered), c.head_seq) > greatest(m.last_delivered_seq, m.pending_delivered_seq)
       OR u.read_receipts_enabled AND least(a.read, c.head_seq) > greatest(m.last_read_seq, m.pending_read_seq))
     ORDER BY m.conversation_id, m.user_id
       FOR NO KEY UPDATE OF m SKIP LOCKED);
  -- Nor while somebody edits or deletes what may be read only once. Whatever the policy is: it may change meanwhile.
  changing := ARRAY(SELECT conversation FROM (SELECT DISTINCT p_conversations[place] AS conversation FROM unnest(held) place) x
    WHERE NOT pg_try_advisory_xact_lock_shared(parley_read_key(conversation)));
  IF cardinality(changing) > 0 THEN
    held := ARRAY(SELECT place FROM unnest(held) place WHERE p_conversations[place] <> ALL (changing));
  END IF;
  -- Whose own stream may get an event.
  PERFORM FROM users WHERE id = ANY (ARRAY(SELECT p_actors[place] FROM unnest(held) place WHERE p_reads[place] > 0))
    ORDER BY id FOR NO KEY UPDATE;
  now := parley_now();
  -- Where nothing is written it would be the only reason for a transaction id.
  IF cardinality(held) > 0 THEN log_xid := parley_xid(); END IF;
  -- A new statement: it sees all that was committed before the locks were had.
  RETURN QUERY
  WITH asked AS (
    SELECT a.place, a.actor, a.conversation, m.user_id, m.requested, m.own_read_seq, m.last_sent_seq, c.head_seq, c.member_count, c.kind,
      u.head_event_seq, u.head_mark, u.read_receipts_enabled AS tells, greatest(now, c.last_activity_at) AS at,
      least(a.read, c.head_seq) AS read, least(greatest(a.read, a.delivered), c.head_seq) AS delivered,
      greatest(m.last_read_seq, m.pending_read_seq) AS read_before,
      greatest(m.last_delivered_seq, m.pending_delivered_seq) AS delivered_before
    FROM unnest(p_actors, p_conversations, p_reads, p_delivereds) WITH ORDINALITY AS a(actor, conversation, read, delivered, place)
    LEFT JOIN LATERAL (SELECT * FROM conversations WHERE id = a.conversation LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT * FROM users WHERE id = a.actor LIMIT 1) u ON true
    LEFT JOIN LATERAL (SELECT * FROM members
      WHERE conversation_id = a.conversation AND user_id = a.actor AND left_at IS NULL LIMIT 1) m ON true
  ), aimed AS (
    SELECT *, greatest(own_read_seq, read) AS own_to, greatest(delivered_before, delivered) AS delivered_to,
      CASE WHEN tells THEN greatest(read_before, read) ELSE read_before END AS read_to
    FROM asked
  ), decided AS (
    SELECT *, read_to > read_before OR delivered_to > delivered_before AS concerns_others,
      CASE
        WHEN user_id IS NULL THEN 'NOT_FOUND'
        WHEN member_count < p_gather_from OR kind = 'SUPPORT' OR requested THEN 'SMALL'
        WHEN own_to = own_read_seq AND read_to = read_before AND delivered_to = delivered_before THEN 'UNCHANGED'
        WHEN place <> ALL (held) THEN 'LOCKED'
        ELSE 'ADVANCED'
      END AS outcome
    FROM aimed
  ), judged AS (
    SELECT *, outcome = 'ADVANCED' AS ok, outcome = 'ADVANCED' AND own_to > own_read_seq AS is_news,
      CASE WHEN outcome = 'ADVANCED' AND own_to > own_read_seq THEN parley_mark() END AS mark
    FROM decided
  ), numbered AS MATERIALIZED (
    SELECT *, CASE WHEN is_news
        THEN head_event_seq + (row_number() OVER (PARTITION BY actor, is_news ORDER BY place))::int END AS event_seq,
      CASE WHEN is_news
        THEN coalesce(lag(mark) OVER (PARTITION BY actor, is_news ORDER BY place), head_mark) END AS mark_before
    FROM judged
  ), moved AS (
    UPDATE members m SET own_read_seq = n.own_to,
        pending_read_seq = CASE WHEN n.concerns_others THEN n.read_to ELSE m.pending_read_seq END,
        pending_delivered_seq = CASE WHEN n.concerns_others THEN n.delivered_to ELSE m.pending_delivered_seq END,
        pending_at = CASE WHEN n.concerns_others THEN n.at ELSE m.pending_at END
      FROM numbered n WHERE n.ok AND m.conversation_id = n.conversation AND m.user_id = n.actor
  ), times AS (
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at)
    SELECT conversation, actor, read_to, at FROM numbered WHERE ok AND read_to > read_before
    ON CONFLICT DO NOTHING
  ), heads AS (
    UPDATE users u SET head_event_seq = n.event_seq, head_mark = n.mark, head_xid = log_xid
      FROM (SELECT DISTINCT ON (actor) actor, event_seq, mark FROM numbered WHERE is_news ORDER BY actor, event_seq DESC) n
     WHERE u.id = n.actor
  ), appended AS (
    INSERT INTO events (stream_id, seq, type, actor_id, data, occurred_at, mark, mark_before, xid)
    SELECT actor, event_seq, 'INBOX_ENTRY_CHANGED', actor, jsonb_build_object('conversationId', conversation), now,
        mark, mark_before, log_xid
      FROM numbered WHERE is_news
  )
  SELECT outcome, own_to, delivered_to,
    CASE WHEN own_to >= head_seq THEN 0 ELSE parley_unread(conversation, actor, head_seq, own_to, last_sent_seq) END,
    event_seq, mark, mark_before, (extract(epoch FROM now) * 1000)::float8
  FROM numbered ORDER BY place;
END $$;

-- The actor accepts or declines what somebody began with them. Only their own devices are told that they declined; who asked is not,
-- and finds everything as before. Repeating it changes nothing, and what was declined can be accepted later.
CREATE OR REPLACE FUNCTION parley_answer_request(p_actor uuid, p_conversation uuid, p_accepted boolean, p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; r requests; events jsonb := '[]';
BEGIN
  -- Who is neither asked nor in it waits for nobody.
  IF NOT EXISTS (SELECT FROM requests WHERE conversation_id = p_conversation AND user_id = p_actor)
    AND NOT (p_accepted AND parley_is_member(p_actor, p_conversation)) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO r FROM requests WHERE conversation_id = p_conversation AND user_id = p_actor FOR UPDATE;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('outcome', CASE WHEN p_accepted AND parley_is_member(p_actor, p_conversation) THEN 'ACCEPTED' ELSE 'NOT_FOUND' END,
      'events', '[]'::jsonb);
  END IF;
  IF c.kind = 'GROUP' AND NOT parley_is_invited(c, r) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT p_accepted THEN
    UPDATE requests SET declined_at = parley_now() WHERE conversation_id = p_conversation AND user_id = p_actor AND declined_at IS NULL;
    IF FOUND THEN events := parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'); END IF;
  ELSIF c.kind = 'DIRECT' THEN
    events := parley_take_direct(p_actor, p_conversation);
  ELSIF c.member_count >= p_limit THEN
    RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS');
  ELSE
    events := parley_join(p_actor, c, ARRAY[p_actor]);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;

-- The first step of an erasure: nothing shows any more who the person was or when they were online, and nobody can log in
-- as them. Not known: there is no such person. Returns the sessions that ended. The credentials are deleted first, in the
-- same order as a login locks them.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_actor uuid, p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
DECLARE is_first boolean := EXISTS (SELECT FROM users WHERE id = p_user AND erased_at IS NULL);
BEGIN
  -- Before the person's row, as a send locks them. What is attached to a message goes with it.
  PERFORM parley_drop_attachments(ARRAY(SELECT id FROM attachments WHERE uploader_id = p_user AND conversation_id IS NULL));
  -- Before the password, which an invitation that is being accepted sets.
  DELETE FROM invitations WHERE user_id = p_user;
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE imported_people SET email_hash = NULL WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL, suspended_by_id = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  -- The key stays, so that a token that is still valid does not make them anew.
  UPDATE identities SET subject = NULL WHERE user_id = p_user;
  -- What others reported of them is kept as evidence; what they told the staff themselves goes.
  UPDATE reports SET text = NULL WHERE reporter_id = p_user;
  DELETE FROM bans WHERE user_id = p_user;
  DELETE FROM requests WHERE user_id = p_user OR from_id = p_user;
  DELETE FROM blocks WHERE blocker_id = p_user OR blocked_id = p_user;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
  IF is_first THEN PERFORM parley_audit('user.erased', nullif(p_actor, p_user), p_user, NULL, NULL); END IF;
END $$;

-- For processes of the former version, which do not say who erases.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE sql AS $$
  SELECT * FROM parley_begin_erasure(NULL, p_user);
$$;

CREATE OR REPLACE FUNCTION parley_create_group(p_actor uuid, p_new_id uuid, p_title text, p_policy edit_policy, p_members uuid[],
  p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  replayed jsonb; at timestamptz := parley_now(); events jsonb; own jsonb; asked uuid[];
  everyone uuid[] := ARRAY(SELECT DISTINCT unnest(p_members || p_actor) ORDER BY 1);
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN
    RETURN replayed || jsonb_build_object('conversationId', replayed->'data'->'conversationId');
  END IF;
  -- Who blocked the actor is added by them to nothing.
  IF NOT parley_all_exist(everyone) OR EXISTS (SELECT FROM blocks WHERE blocked_id = p_actor AND blocker_id = ANY (everyone)) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  asked := parley_not_taking(p_actor, everyone);
  IF NOT parley_may_ask(asked) THEN RETURN jsonb_build_object('outcome', 'ADDITION_REFUSED'); END IF;
  everyone := ARRAY(SELECT u FROM unnest(everyone) u WHERE u <> ALL (asked) ORDER BY 1);
  INSERT INTO conversations (id, kind, title, edit_policy, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'GROUP', p_title, p_policy, cardinality(everyone), at, at);
  INSERT INTO members (conversation_id, user_id, role, joined_at)
  SELECT p_new_id, u, CASE WHEN u = p_actor THEN 'OWNER' ELSE 'MEMBER' END::member_role, at FROM unnest(everyone) u;
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  events := parley_inbox_events(everyone, p_new_id, p_actor, '{"joinedEventSeq": 0}', p_op_key, p_hash);
  SELECT e INTO own FROM jsonb_array_elements(events) e WHERE e->>'streamId' = p_actor::text;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id, 'streamId', own->'streamId',
    'eventSeq', own->'seq', 'events', events || parley_request(p_actor, p_new_id, asked));
END $$;

-- Whether an invitation to a group still stands: the group is open, and who invited is in it.
CREATE OR REPLACE FUNCTION parley_is_invited(c conversations, r requests) RETURNS boolean LANGUAGE sql STABLE
RETURN c.kind = 'GROUP' AND c.closed_at IS NULL
  AND EXISTS (SELECT FROM members m WHERE m.conversation_id = c.id AND m.user_id = r.from_id AND m.left_at IS NULL)
  AND NOT EXISTS (SELECT FROM bans b WHERE b.conversation_id = c.id AND b.user_id = r.user_id);

-- Makes people members of a group whose row the caller has locked. Who joins (again) has no unread messages, and sees of the history
-- what the group's visibility lets them see now; what they cleared themselves stays cleared.
CREATE OR REPLACE FUNCTION parley_join(p_actor uuid, c conversations, p_users uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE bound int := 0; u uuid; events jsonb := '[]'; head int := c.head_event_seq;
BEGIN
  IF c.history_visibility = 'SINCE_JOINED' THEN bound := c.head_seq; END IF;
  FOREACH u IN ARRAY p_users LOOP
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq,
      history_from_seq)
    VALUES (c.id, u, c.head_seq, c.head_seq, c.head_seq, parley_now(), head, bound)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false, hidden = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq,
      history_from_seq = greatest(excluded.history_from_seq, members.cleared_seq);
    events := events || parley_conversation_event(c.id, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', u));
    head := head + 1;
  END LOOP;
  DELETE FROM requests WHERE conversation_id = c.id AND user_id = ANY (p_users);
  UPDATE conversations SET member_count = member_count + cardinality(p_users),
    history_bound_seq = CASE WHEN cardinality(p_users) > 0 THEN greatest(history_bound_seq, bound) ELSE history_bound_seq END
   WHERE id = c.id;
  -- The personal event names the place in the conversation's stream just before the first of these joins.
  RETURN events || parley_inbox_events(p_users, c.id, p_actor, jsonb_build_object('joinedEventSeq', c.head_event_seq));
END $$;

-- Whether all these people can be asked: they take requests, and have not 1,000 that wait.
CREATE OR REPLACE FUNCTION parley_may_ask(p_users uuid[]) RETURNS boolean LANGUAGE sql STABLE
RETURN NOT EXISTS (SELECT FROM users u WHERE u.id = ANY (p_users) AND (NOT u.requests_enabled
  OR 1000 <= (SELECT count(*) FROM requests r WHERE r.user_id = u.id AND r.declined_at IS NULL)));

-- Those of these people who do not let the actor add them to a group. With CONTACTS they let those to whom they wrote in a direct
-- conversation.
CREATE OR REPLACE FUNCTION parley_not_taking(p_actor uuid, p_users uuid[]) RETURNS uuid[] LANGUAGE sql STABLE
RETURN ARRAY(SELECT u.id FROM users u WHERE u.id = ANY (p_users) AND u.id <> p_actor AND u.group_additions_from <> 'EVERYONE'
  AND NOT (u.group_additions_from = 'CONTACTS' AND EXISTS (SELECT FROM conversations c
    JOIN members m ON m.conversation_id = c.id AND m.user_id = u.id AND m.last_sent_seq > 0
    WHERE c.pair_key = least(p_actor, u.id)::text || ':' || greatest(p_actor, u.id)::text)) ORDER BY 1);

-- Invites people to a group who are asked first. Who was asked before, and declined, is not asked again.
CREATE OR REPLACE FUNCTION parley_request(p_actor uuid, p_conversation uuid, p_users uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE asked uuid[];
BEGIN
  IF cardinality(p_users) = 0 THEN RETURN '[]'; END IF;
  WITH added AS (
    INSERT INTO requests (conversation_id, user_id, from_id, created_at)
    SELECT p_conversation, u, p_actor, parley_now() FROM unnest(p_users) u ORDER BY u ON CONFLICT DO NOTHING RETURNING user_id)
  SELECT coalesce(array_agg(user_id), '{}') INTO asked FROM added;
  RETURN parley_inbox_events(asked, p_conversation, p_actor, '{}');
END $$;

CREATE OR REPLACE FUNCTION parley_start_direct(p_actor uuid, p_peer uuid, p_new_id uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  pair text := least(p_actor, p_peer)::text || ':' || greatest(p_actor, p_peer)::text;
  conversation uuid; asks boolean;
BEGIN
  IF NOT parley_all_exist(ARRAY[p_actor, p_peer]) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- Whoever is blocked gets the answer of a person who is not there, whether or not they wrote to one another before.
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', parley_take_direct(p_actor, conversation));
  END IF;
  -- Under the locks that a block takes: of the two, one comes first.
  PERFORM FROM users WHERE id IN (p_actor, p_peer) ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_peer) THEN
    RETURN jsonb_build_object('outcome', 'BLOCKED_BY_ACTOR');
  END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  asks := NOT parley_takes_direct(p_actor, p_peer);
  IF asks AND NOT parley_may_ask(ARRAY[p_peer]) THEN RETURN jsonb_build_object('outcome', 'DIRECT_REFUSED'); END IF;
  INSERT INTO conversations (id, kind, pair_key, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'DIRECT', pair, 2, parley_now(), parley_now())
  ON CONFLICT (pair_key) DO NOTHING RETURNING id INTO conversation;
  IF NOT FOUND THEN
    -- The peer's own request won the race; ON CONFLICT waited for its commit.
    SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', parley_take_direct(p_actor, conversation));
  END IF;
  -- A request is hidden as what the peer has hidden, so that nothing else has to look for it.
  INSERT INTO members (conversation_id, user_id, joined_at, requested, hidden, archived)
  VALUES (p_new_id, p_actor, parley_now(), false, false, false), (p_new_id, p_peer, parley_now(), asks, asks, asks);
  IF asks THEN
    INSERT INTO requests (conversation_id, user_id, from_id, created_at) VALUES (p_new_id, p_peer, p_actor, parley_now());
  END IF;
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id,
    'events', parley_inbox_events(ARRAY[p_actor, p_peer], p_new_id, p_actor, '{"joinedEventSeq": 0}'));
END $$;

-- The actor takes up a direct conversation that was a request to them, if it was one. Their own devices are told; what was read or
-- received before, others do not learn.
CREATE OR REPLACE FUNCTION parley_take_direct(p_actor uuid, p_conversation uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  UPDATE members SET requested = false, hidden = false, archived = false
   WHERE conversation_id = p_conversation AND user_id = p_actor AND requested;
  IF NOT FOUND THEN RETURN '[]'; END IF;
  DELETE FROM requests WHERE conversation_id = p_conversation AND user_id = p_actor;
  RETURN parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}');
END $$;

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

-- p_muted_until is used only with p_set_muted, because null is a valid value of it.
CREATE OR REPLACE FUNCTION parley_update_entry(p_actor uuid, p_conversation uuid, p_set_muted boolean, p_muted_until timestamptz,
  p_archived boolean, p_pinned boolean, p_unread_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  UPDATE members SET
    muted_until = CASE WHEN p_set_muted THEN p_muted_until ELSE muted_until END,
    -- A request stays where it is until it is answered.
    archived = CASE WHEN requested THEN archived ELSE coalesce(p_archived, archived) END,
    -- Who says where it belongs wants to see it there.
    hidden = hidden AND (p_archived IS NULL OR requested),
    pinned = coalesce(p_pinned, pinned),
    own_read_seq = CASE WHEN p_unread_from IS NULL THEN own_read_seq
      -- What is withheld from the member cannot be unread.
      ELSE least(own_read_seq, greatest(p_unread_from - 1, history_from_seq)) END,
    caught_up = caught_up AND p_unread_from IS NULL
  WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'));
END $$;

DROP ROUTINE parley_all_take(uuid,uuid[]);
