-- CreateEnum
CREATE TYPE "contact_policy" AS ENUM ('EVERYONE', 'CONTACTS', 'NOBODY');

-- CreateEnum
CREATE TYPE "report_state" AS ENUM ('OPEN', 'RESOLVED');

-- CreateEnum
CREATE TYPE "report_reason" AS ENUM ('SPAM', 'HARASSMENT', 'HATE', 'VIOLENCE', 'SEXUAL', 'SELF_HARM', 'IMPERSONATION', 'ILLEGAL', 'OTHER');

-- CreateEnum
CREATE TYPE "report_outcome" AS ENUM ('NO_ACTION', 'MESSAGE_REMOVED', 'PERSON_WARNED', 'PERSON_SUSPENDED', 'OTHER');

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "direct_messages_from" "contact_policy" NOT NULL DEFAULT 'EVERYONE',
ADD COLUMN     "group_additions_from" "contact_policy" NOT NULL DEFAULT 'EVERYONE';

-- CreateTable
CREATE TABLE "bans" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "banned_by_id" UUID NOT NULL,
    "banned_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "bans_pkey" PRIMARY KEY ("conversation_id","user_id")
);

-- CreateTable
CREATE TABLE "reports" (
    "id" UUID NOT NULL,
    "state" "report_state" NOT NULL DEFAULT 'OPEN',
    "reporter_id" UUID NOT NULL,
    "reported_id" UUID NOT NULL,
    "conversation_id" UUID,
    "message_seq" INTEGER,
    "reason" "report_reason" NOT NULL,
    "text" TEXT,
    "evidence" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),
    "resolved_by_id" UUID,
    "outcome" "report_outcome",
    "note" TEXT,

    CONSTRAINT "reports_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "bans_conversation_id_banned_at_user_id_idx" ON "bans"("conversation_id", "banned_at", "user_id");

-- CreateIndex
CREATE INDEX "bans_user_id_idx" ON "bans"("user_id");

-- CreateIndex
CREATE INDEX "reports_state_created_at_id_idx" ON "reports"("state", "created_at", "id");

-- CreateIndex
CREATE INDEX "reports_created_at_id_idx" ON "reports"("created_at", "id");

-- CreateIndex
CREATE INDEX "reports_reporter_id_created_at_id_idx" ON "reports"("reporter_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "reports_reported_id_idx" ON "reports"("reported_id");

-- CreateIndex
CREATE INDEX "reports_resolved_at_idx" ON "reports"("resolved_at");

-- AddForeignKey
ALTER TABLE "bans" ADD CONSTRAINT "bans_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "bans" ADD CONSTRAINT "bans_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_reporter_id_fkey" FOREIGN KEY ("reporter_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_reported_id_fkey" FOREIGN KEY ("reported_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Functions as prisma/functions has them (npm run migration:functions).

-- People who are members already do not change. A person who joins (again) has no unread messages, and sees of the history
-- what the group's visibility lets them see now; what they cleared themselves stays cleared.
CREATE OR REPLACE FUNCTION parley_add_members(p_actor uuid, p_conversation uuid, p_users uuid[], p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; bound int := 0; u uuid; added uuid[]; events jsonb := '[]'; head int;
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
  IF NOT parley_all_take(p_actor, added) THEN RETURN jsonb_build_object('outcome', 'ADDITION_REFUSED'); END IF;
  IF c.member_count + cardinality(added) > p_limit THEN RETURN jsonb_build_object('outcome', 'TOO_MANY_MEMBERS'); END IF;
  head := c.head_event_seq;
  IF c.history_visibility = 'SINCE_JOINED' THEN bound := c.head_seq; END IF;
  FOREACH u IN ARRAY added LOOP
    INSERT INTO members (conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, joined_at, joined_event_seq,
      history_from_seq)
    VALUES (p_conversation, u, c.head_seq, c.head_seq, c.head_seq, parley_now(), head, bound)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = 'MEMBER', left_at = NULL, archived = false, hidden = false,
      last_read_seq = greatest(members.last_read_seq, excluded.last_read_seq),
      own_read_seq = excluded.own_read_seq, last_delivered_seq = excluded.last_delivered_seq,
      joined_at = excluded.joined_at, joined_event_seq = excluded.joined_event_seq,
      history_from_seq = greatest(excluded.history_from_seq, members.cleared_seq);
    events := events || parley_conversation_event(p_conversation, 'MEMBER_JOINED', p_actor, jsonb_build_object('userId', u));
    head := head + 1;
  END LOOP;
  UPDATE conversations SET member_count = member_count + cardinality(added),
    history_bound_seq = CASE WHEN cardinality(added) > 0 THEN greatest(history_bound_seq, bound) ELSE history_bound_seq END
   WHERE id = p_conversation;
  -- The personal event names the place in the conversation's stream just before the first of these joins.
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events',
    events || parley_inbox_events(added, p_conversation, p_actor, jsonb_build_object('joinedEventSeq', c.head_event_seq)));
END $$;

-- Whether all these people let the actor add them to a group. With CONTACTS they let those to whom they wrote in a direct conversation.
CREATE OR REPLACE FUNCTION parley_all_take(p_actor uuid, p_users uuid[]) RETURNS boolean LANGUAGE sql STABLE
RETURN NOT EXISTS (SELECT FROM users u WHERE u.id = ANY (p_users) AND u.id <> p_actor AND u.group_additions_from <> 'EVERYONE'
  AND NOT (u.group_additions_from = 'CONTACTS' AND EXISTS (SELECT FROM conversations c
    JOIN members m ON m.conversation_id = c.id AND m.user_id = u.id AND m.last_sent_seq > 0
    WHERE c.pair_key = least(p_actor, u.id)::text || ':' || greatest(p_actor, u.id)::text)));

-- The owner or an admin bans somebody from a group, who leaves it with that, or takes it back. Members are told by MEMBER_LEFT, and
-- where nobody leaves by CONVERSATION_UPDATED. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_ban_member(p_actor uuid, p_conversation uuid, p_user uuid, p_banned boolean, p_limit int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; target members; events jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_may(c, me, 'BAN') OR p_user = p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO target FROM members WHERE conversation_id = p_conversation AND user_id = p_user AND left_at IS NULL;
  -- Nobody but the owner bans an admin.
  IF FOUND AND me.role <> 'OWNER' AND target.role <> 'MEMBER' THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF p_banned AND NOT parley_all_exist(ARRAY[p_user]) OR NOT EXISTS (SELECT FROM users WHERE id = p_user) THEN
    RETURN jsonb_build_object('outcome', 'USER_NOT_FOUND');
  END IF;
  IF p_banned THEN
    IF p_limit <= (SELECT count(*) FROM bans WHERE conversation_id = p_conversation)
      AND NOT EXISTS (SELECT FROM bans WHERE conversation_id = p_conversation AND user_id = p_user) THEN
      RETURN jsonb_build_object('outcome', 'TOO_MANY_BANS');
    END IF;
    INSERT INTO bans (conversation_id, user_id, banned_by_id, banned_at) VALUES (p_conversation, p_user, p_actor, parley_now())
    ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM bans WHERE conversation_id = p_conversation AND user_id = p_user;
  END IF;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb); END IF;
  IF p_banned AND target.user_id IS NOT NULL THEN
    events := parley_end_membership(p_actor, p_conversation, p_user, true);
    events := events || parley_inbox_events(ARRAY[p_user], p_conversation, p_actor,
      jsonb_build_object('left', true, 'leftEventSeq', events->0->'seq'));
  ELSE
    events := jsonb_build_array(parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor, NULL));
  END IF;
  PERFORM parley_audit(CASE WHEN p_banned THEN 'member.banned' ELSE 'member.unbanned' END, p_actor, p_user, p_conversation, NULL);
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
  replayed jsonb; at timestamptz := parley_now(); events jsonb; own jsonb;
  everyone uuid[] := ARRAY(SELECT DISTINCT unnest(p_members || p_actor) ORDER BY 1);
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN
    RETURN replayed || jsonb_build_object('conversationId', replayed->'data'->'conversationId');
  END IF;
  -- Who blocked the actor is added by them to nothing.
  IF NOT parley_all_exist(everyone) OR EXISTS (SELECT FROM blocks WHERE blocked_id = p_actor AND blocker_id = ANY (everyone)) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF NOT parley_all_take(p_actor, everyone) THEN RETURN jsonb_build_object('outcome', 'ADDITION_REFUSED'); END IF;
  INSERT INTO conversations (id, kind, title, edit_policy, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'GROUP', p_title, p_policy, cardinality(everyone), at, at);
  INSERT INTO members (conversation_id, user_id, role, joined_at)
  SELECT p_new_id, u, CASE WHEN u = p_actor THEN 'OWNER' ELSE 'MEMBER' END::member_role, at FROM unnest(everyone) u;
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  events := parley_inbox_events(everyone, p_new_id, p_actor, '{"joinedEventSeq": 0}', p_op_key, p_hash);
  SELECT e INTO own FROM jsonb_array_elements(events) e WHERE e->>'streamId' = p_actor::text;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id, 'streamId', own->'streamId',
    'eventSeq', own->'seq', 'events', events);
END $$;

-- The sender may delete within the edit policy; who may DELETE_OTHERS, at any time.
CREATE OR REPLACE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; moderates boolean; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; deleted jsonb;
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
  deleted := parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, p_op_key, p_hash,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid);
  IF m.sender_id <> p_actor THEN
    PERFORM parley_audit('message.removed', p_actor, m.sender_id, p_conversation, jsonb_build_object('seq', p_seq, 'as', 'MEMBER'));
  END IF;
  RETURN parley_accepted(deleted);
END $$;

-- Ends a membership in a group whose row the caller has locked. If the owner leaves, the admin, else the member, who joined
-- first becomes the owner.
CREATE OR REPLACE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid, p_banned boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE was member_role; heir uuid; events jsonb;
BEGIN
  SELECT role INTO was FROM members WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE members SET left_at = parley_now(), role = 'MEMBER', inbox_at = NULL, caught_up = false,
    pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
   WHERE conversation_id = p_conversation AND user_id = p_user;
  UPDATE conversations SET member_count = member_count - 1 WHERE id = p_conversation;
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'MEMBER_LEFT', p_actor,
      jsonb_build_object('userId', p_user) || CASE WHEN p_banned THEN '{"banned": true}' ELSE '{}' END::jsonb));
  IF was = 'OWNER' THEN
    UPDATE members SET role = 'OWNER' WHERE conversation_id = p_conversation AND user_id = (
      SELECT user_id FROM members WHERE conversation_id = p_conversation AND left_at IS NULL
       ORDER BY role = 'ADMIN' DESC, joined_at, user_id LIMIT 1)
    RETURNING user_id INTO heir;
    IF heir IS NOT NULL THEN
      events := events || parley_conversation_event(p_conversation, 'CONVERSATION_UPDATED', p_actor,
        jsonb_build_object('userIds', ARRAY[heir]));
    END IF;
  END IF;
  RETURN events;
END $$;

CREATE OR REPLACE FUNCTION parley_end_membership(p_actor uuid, p_conversation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_end_membership(p_actor, p_conversation, p_user, false);
$$;

-- Somebody of the staff removes a message of any conversation, also where they are no member. They learn nothing of it by that.
-- Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_moderate_message(p_actor uuid, p_conversation uuid, p_seq int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m messages; at timestamptz; new_mark text; log_xid xid8; deleted jsonb;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.deleted_at IS NOT NULL OR m.seq <= c.texts_left_seq THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
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
  deleted := parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, NULL, NULL,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid);
  PERFORM parley_audit('message.removed', p_actor, m.sender_id, p_conversation, jsonb_build_object('seq', p_seq, 'as', 'STAFF'));
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', jsonb_build_array(deleted));
END $$;

-- Tells the staff of a message that the actor sees, or of a person (p_conversation null). The message as it is now is kept with it. The key is
-- kept as one without an event, with the actor's own stream as its place.
CREATE OR REPLACE FUNCTION parley_report(p_actor uuid, p_new_id uuid, p_user uuid, p_conversation uuid, p_seq int, p_reason report_reason,
  p_text text, p_op_key text, p_hash bytea) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE replayed jsonb; m messages; c conversations; reported uuid := p_user; evidence jsonb;
BEGIN
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed || jsonb_build_object('reportId', replayed->'data'->'reportId'); END IF;
  IF p_conversation IS NOT NULL THEN
    SELECT x.* INTO m FROM messages x WHERE x.conversation_id = p_conversation AND x.seq = p_seq AND (
      EXISTS (SELECT FROM members me WHERE me.conversation_id = p_conversation AND me.user_id = p_actor AND me.left_at IS NULL
        AND x.seq > me.history_from_seq)
      OR parley_is_staff(p_actor) AND EXISTS (SELECT FROM support_cases s WHERE s.conversation_id = p_conversation));
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    -- Once more with its former texts, of the same moment: it may be edited just now.
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR SHARE;
    SELECT x.sender_id, jsonb_build_object('text', x.text, 'revision', x.revision, 'createdAt', x.created_at, 'editedAt', x.edited_at,
        'revisions', coalesce((SELECT jsonb_agg(jsonb_build_object('revision', r.revision, 'text', r.text, 'editedAt', r.edited_at)
          ORDER BY r.revision) FROM message_revisions r WHERE r.conversation_id = x.conversation_id AND r.message_seq = x.seq), '[]'),
        'fileNames', coalesce((SELECT jsonb_agg(a.file_name ORDER BY a.place) FROM attachments a
          WHERE a.conversation_id = x.conversation_id AND a.message_seq = x.seq), '[]'))
      INTO reported, evidence FROM messages x
     WHERE x.conversation_id = p_conversation AND x.seq = p_seq AND x.deleted_at IS NULL AND x.seq > c.texts_left_seq;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  ELSIF NOT parley_all_exist(ARRAY[p_user]) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  IF reported = p_actor THEN RETURN jsonb_build_object('outcome', 'REPORT_OF_SELF'); END IF;
  INSERT INTO retired_op_keys (actor_id, op_key, request_hash, stream_id, event_seq, mark, data, occurred_at)
  SELECT p_actor, p_op_key, p_hash, p_actor, u.head_event_seq, u.head_mark, jsonb_build_object('reportId', p_new_id), parley_now()
    FROM users u WHERE u.id = p_actor
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    -- The same request at the same moment, in another process.
    replayed := parley_replayed(p_actor, p_op_key, p_hash);
    RETURN replayed || jsonb_build_object('reportId', replayed->'data'->'reportId');
  END IF;
  INSERT INTO reports (id, reporter_id, reported_id, conversation_id, message_seq, reason, text, evidence, created_at)
  VALUES (p_new_id, p_actor, reported, p_conversation, p_seq, p_reason, p_text, evidence, parley_now());
  PERFORM parley_audit('report.made', p_actor, reported, p_conversation,
    jsonb_build_object('reportId', p_new_id, 'reason', p_reason, 'seq', p_seq));
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'reportId', p_new_id, 'events', '[]'::jsonb);
END $$;

-- Somebody of the staff says what became of a report. Repeating it changes nothing; a report that was resolved otherwise stays so.
CREATE OR REPLACE FUNCTION parley_resolve_report(p_actor uuid, p_report uuid, p_outcome report_outcome, p_note text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE r reports;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO r FROM reports WHERE id = p_report FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF r.state = 'RESOLVED' THEN
    RETURN jsonb_build_object('outcome', CASE WHEN r.outcome = p_outcome AND r.note IS NOT DISTINCT FROM p_note
      THEN 'ACCEPTED' ELSE 'REPORT_RESOLVED' END, 'events', '[]'::jsonb);
  END IF;
  UPDATE reports SET state = 'RESOLVED', resolved_at = parley_now(), resolved_by_id = p_actor, outcome = p_outcome, note = p_note
   WHERE id = p_report;
  PERFORM parley_audit('report.resolved', p_actor, r.reported_id, r.conversation_id,
    jsonb_build_object('reportId', p_report, 'outcome', p_outcome));
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
END $$;

CREATE OR REPLACE FUNCTION parley_start_direct(p_actor uuid, p_peer uuid, p_new_id uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  pair text := least(p_actor, p_peer)::text || ':' || greatest(p_actor, p_peer)::text;
  conversation uuid;
BEGIN
  IF NOT parley_all_exist(ARRAY[p_actor, p_peer]) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- Whoever is blocked gets the answer of a person who is not there, whether or not they wrote to one another before.
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', '[]'::jsonb);
  END IF;
  -- Under the locks that a block takes: of the two, one comes first.
  PERFORM FROM users WHERE id IN (p_actor, p_peer) ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_actor AND blocked_id = p_peer) THEN
    RETURN jsonb_build_object('outcome', 'BLOCKED_BY_ACTOR');
  END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = p_peer AND blocked_id = p_actor) THEN
    RETURN jsonb_build_object('outcome', 'NOT_FOUND');
  END IF;
  IF NOT parley_takes_direct(p_actor, p_peer) THEN RETURN jsonb_build_object('outcome', 'DIRECT_REFUSED'); END IF;
  INSERT INTO conversations (id, kind, pair_key, member_count, last_activity_at, created_at)
  VALUES (p_new_id, 'DIRECT', pair, 2, parley_now(), parley_now())
  ON CONFLICT (pair_key) DO NOTHING RETURNING id INTO conversation;
  IF NOT FOUND THEN
    -- The peer's own request won the race; ON CONFLICT waited for its commit.
    SELECT id INTO conversation FROM conversations WHERE pair_key = pair;
    RETURN jsonb_build_object('outcome', 'DUPLICATE', 'conversationId', conversation, 'events', '[]'::jsonb);
  END IF;
  INSERT INTO members (conversation_id, user_id, joined_at)
  VALUES (p_new_id, p_actor, parley_now()), (p_new_id, p_peer, parley_now());
  PERFORM parley_touch_activity(ARRAY[p_new_id]);
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'conversationId', p_new_id,
    'events', parley_inbox_events(ARRAY[p_actor, p_peer], p_new_id, p_actor, '{"joinedEventSeq": 0}'));
END $$;

-- Whether somebody lets the actor begin a direct conversation with them. With CONTACTS they let those with whom they are in a group.
CREATE OR REPLACE FUNCTION parley_takes_direct(p_actor uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT CASE u.direct_messages_from WHEN 'EVERYONE' THEN true WHEN 'NOBODY' THEN false
  ELSE EXISTS (SELECT FROM members a JOIN members b ON b.conversation_id = a.conversation_id AND b.user_id = p_actor AND b.left_at IS NULL
    JOIN conversations c ON c.id = a.conversation_id AND c.kind = 'GROUP' WHERE a.user_id = p_user AND a.left_at IS NULL) END
  FROM users u WHERE u.id = p_user);

-- The one table of who may do what in a conversation: docs/protocol.md shows it. The owner may do everything. ADD, REMOVE,
-- RENAME, PIN, DELETE_OTHERS and MENTION_EVERYONE are the admins' too, and a group can let plain members do any of them
-- (conversations.member_permissions). BAN is the admins' too, and never a plain member's. Everything else, as PROMOTE, SET_POLICY, SET_HISTORY, SET_PERMISSIONS, TRANSFER and
-- DELETE_CONVERSATION, is the owner's alone. Nobody may do any of it in a closed
-- conversation, or in a direct one of which one has blocked the other, and who is no member (a row
-- of nulls) may nothing.
CREATE OR REPLACE FUNCTION parley_may(c conversations, me members, p_right text) RETURNS boolean LANGUAGE sql STABLE
RETURN c.closed_at IS NULL AND me.user_id IS NOT NULL AND me.left_at IS NULL AND CASE c.kind::text
  WHEN 'GROUP' THEN CASE me.role
    WHEN 'OWNER' THEN true
    WHEN 'ADMIN' THEN p_right = ANY ('{ADD,REMOVE,BAN,RENAME,PIN,DELETE_OTHERS,MENTION_EVERYONE}'::text[])
    ELSE p_right = ANY (c.member_permissions) END
  WHEN 'DIRECT' THEN p_right = 'PIN' AND NOT parley_pair_blocked(c.pair_key)
  ELSE false END;
