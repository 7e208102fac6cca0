-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "attachment_count" SMALLINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "attachments" (
    "id" UUID NOT NULL,
    "uploader_id" UUID NOT NULL,
    "file_name" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "byte_size" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "upload_until" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "hash" TEXT,
    "refusal" TEXT,
    "width" INTEGER,
    "height" INTEGER,
    "blur_hash" TEXT,
    "conversation_id" UUID,
    "message_seq" INTEGER,
    "place" SMALLINT,

    CONSTRAINT "attachments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "removed_files" (
    "id" UUID NOT NULL,
    "upload_until" TIMESTAMPTZ(3) NOT NULL,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "removed_files_pkey" PRIMARY KEY ("id")
);

-- AddForeignKey
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_uploader_id_fkey" FOREIGN KEY ("uploader_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- Attached: to a message, at a place. Bytes that were checked have a hash.
ALTER TABLE attachments ADD CONSTRAINT attachments_attached CHECK (
  (conversation_id IS NULL AND message_seq IS NULL AND place IS NULL)
  OR (conversation_id IS NOT NULL AND message_seq IS NOT NULL AND place IS NOT NULL AND hash IS NOT NULL));
ALTER TABLE attachments ADD CONSTRAINT attachments_byte_size CHECK (byte_size > 0);

-- The attachments of a message; and those without one, by their uploader, and by when they expire.
CREATE UNIQUE INDEX attachments_of_message ON attachments (conversation_id, message_seq, place) WHERE conversation_id IS NOT NULL;
CREATE INDEX attachments_unattached ON attachments (uploader_id) WHERE conversation_id IS NULL;
CREATE INDEX attachments_expiring ON attachments (expires_at) WHERE conversation_id IS NULL;

-- A message may be of attachments alone. Not checked for old messages: the rule before was stricter.
ALTER TABLE messages DROP CONSTRAINT messages_text_unless_deleted;
ALTER TABLE messages ADD CONSTRAINT messages_text_unless_deleted CHECK (
  CASE WHEN deleted_at IS NOT NULL THEN text IS NULL ELSE text IS NOT NULL OR attachment_count > 0 END) NOT VALID;

-- Functions as prisma/functions has them (npm run migration:functions).

-- Why these files cannot go with a message of this person: the outcome for the first of them that cannot; null when all can.
-- Their rows stay locked until the message is stored, so that no other message gets them. Whose file it is nobody else finds out.
CREATE OR REPLACE FUNCTION parley_attachments_refused(p_actor uuid, p_ids uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM attachments WHERE id = ANY (p_ids) AND uploader_id = p_actor ORDER BY id FOR UPDATE;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ATTACHMENT_REFUSED', 'attachmentId', x.id, 'refusal', a.refusal, 'why', CASE
        WHEN a.id IS NULL THEN 'NOT_FOUND'
        WHEN a.conversation_id IS NOT NULL THEN 'ATTACHED'
        WHEN a.expires_at <= now() THEN 'NOT_FOUND'
        ELSE 'NOT_READY'
      END)
    FROM unnest(p_ids) WITH ORDINALITY AS x(id, place)
    LEFT JOIN attachments a ON a.id = x.id AND a.uploader_id = p_actor
    WHERE (a.conversation_id IS NULL AND a.hash IS NOT NULL AND a.expires_at > now()) IS NOT TRUE
    ORDER BY x.place LIMIT 1);
END $$;

-- The first step of an erasure: nothing shows any more who the person was or when they were online, and nobody can log in
-- as them. Not known: there is no such person. Returns the sessions that ended. The credentials are deleted first, in the
-- same order as a login locks them.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
  -- Before the person's row, as a send locks them. What is attached to a message goes with it.
  PERFORM parley_drop_attachments(ARRAY(SELECT id FROM attachments WHERE uploader_id = p_user AND conversation_id IS NULL));
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
END $$;

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
  PERFORM parley_support_cleared(p_conversation);
  PERFORM parley_drop_attachments(ARRAY(SELECT a.id FROM unnest(p_seqs) AS s(seq)
    JOIN attachments a ON a.conversation_id = p_conversation AND a.message_seq = s.seq));
END $$;

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
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
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

-- Removes these files. Their bytes are elsewhere: housekeeping removes them, once at once, and once more when nothing can come by
-- the address for the upload any more. So nothing stays when a process dies in between.
CREATE OR REPLACE FUNCTION parley_drop_attachments(p_ids uuid[]) RETURNS void LANGUAGE sql AS $$
  WITH gone AS (
    DELETE FROM attachments a USING unnest(p_ids) AS x(id) WHERE a.id = x.id RETURNING a.id, a.upload_until
  )
  INSERT INTO removed_files (id, upload_until) SELECT id, upload_until FROM gone ON CONFLICT DO NOTHING;
$$;

-- Why a message with these mentions and attachments may not be sent or edited so; null when it may. The caller holds the
-- conversation's row. Whoever a message mentions already (p_mentioned) may stay, also after they have left.
CREATE OR REPLACE FUNCTION parley_extras_refused(p_actor uuid, p_conversation uuid, p_mention_ids uuid[], p_mention_everyone boolean,
  p_attachment_ids uuid[], p_mentioned uuid[] DEFAULT '{}')
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(p_mention_ids) AS x(id) WHERE x.id <> ALL (coalesce(p_mentioned, '{}')) AND NOT EXISTS (
    SELECT FROM members WHERE conversation_id = p_conversation AND user_id = x.id AND left_at IS NULL)) THEN
    RETURN 'MENTION_NOT_MEMBER';
  END IF;
  IF p_mention_everyone AND NOT EXISTS (
    SELECT FROM conversations c JOIN members m ON m.conversation_id = c.id
     WHERE c.id = p_conversation AND m.user_id = p_actor AND parley_may(c, m, 'MENTION_EVERYONE')) THEN
    RETURN 'MENTION_EVERYONE_FORBIDDEN';
  END IF;
  -- Not in a statement of many sends: two of them could take the same file. parley_send_message asks
  -- parley_attachments_refused, which locks them.
  IF p_attachment_ids IS NOT NULL THEN RETURN 'ATTACHMENT_NOT_FOUND'; END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION parley_message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE
RETURN jsonb_build_object(
  'conversationId', m.conversation_id, 'seq', m.seq, 'senderId', m.sender_id, 'text', m.text, 'revision', m.revision,
  'clientMessageId', m.client_message_id, 'replyToSeq', m.reply_to_seq, 'createdAt', m.created_at,
  'editedAt', m.edited_at, 'deletedAt', m.deleted_at, 'deletedById', m.deleted_by_id,
  'mentionIds', m.mention_ids, 'mentionsEveryone', m.mentions_everyone,
  'attachmentCount', m.attachment_count);

-- p_mention_ids and p_attachment_ids: null when there are none, else without duplicates.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text,
  p_reply_to int, p_mention_ids uuid[], p_mention_everyone boolean, p_attachment_ids uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8; sent jsonb; besides jsonb; refusal text;
  refused jsonb;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.closed_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED'); END IF;
  IF p_reply_to IS NOT NULL AND (p_reply_to <= me.history_from_seq OR p_reply_to > c.head_seq) THEN
    RETURN jsonb_build_object('outcome', 'REPLY_NOT_FOUND');
  END IF;
  IF p_mention_ids IS NOT NULL OR p_mention_everyone THEN
    refusal := parley_extras_refused(p_actor, p_conversation, p_mention_ids, p_mention_everyone, NULL);
    IF refusal IS NOT NULL THEN RETURN jsonb_build_object('outcome', refusal); END IF;
  END IF;
  IF p_attachment_ids IS NOT NULL THEN
    refused := parley_attachments_refused(p_actor, p_attachment_ids);
    IF refused IS NOT NULL THEN RETURN refused; END IF;
  END IF;
  -- Never before the message that precedes it, whatever the clock did.
  at := greatest(parley_now(), c.last_activity_at);
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_seq = c.head_seq + 1, head_event_seq = c.head_event_seq + 1, head_mark = new_mark,
    head_xid = log_xid, last_activity_at = at
   WHERE id = p_conversation;
  INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at,
    mention_ids, mentions_everyone, attachment_count)
  VALUES (p_conversation, c.head_seq + 1, p_actor, p_text, p_op_key, p_reply_to, at, p_mention_ids, coalesce(p_mention_everyone, false),
    coalesce(cardinality(p_attachment_ids), 0))
  RETURNING * INTO m;
  IF p_mention_ids IS NOT NULL OR p_attachment_ids IS NOT NULL THEN
    PERFORM parley_store_extras(p_actor, p_conversation, m.seq, p_mention_ids, m.mentions_everyone, p_attachment_ids);
  END IF;
  -- Who sends has read what stands above. A receipt only where others' messages were passed by it.
  IF greatest(me.last_read_seq, me.pending_read_seq) < c.head_seq THEN
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, m.seq, at);
  END IF;
  UPDATE members SET last_read_seq = m.seq, own_read_seq = m.seq, last_delivered_seq = m.seq, last_sent_seq = m.seq,
    pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
   WHERE conversation_id = p_conversation AND user_id = p_actor;
  PERFORM parley_touch_activity(ARRAY[p_conversation]);
  sent := parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_SENT', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), m.seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid);
  besides := parley_unarchive(ARRAY[p_conversation]);
  -- Last, as it may append to the conversation once more.
  IF c.kind = 'SUPPORT' THEN besides := parley_support_sent(ARRAY[p_conversation]) || besides; END IF;
  RETURN parley_accepted(sent) || jsonb_build_object('events', sent || besides);
END $$;

-- For processes of the former version: without mentions and attachments.
CREATE OR REPLACE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text, p_reply_to int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_send_message(p_actor, p_conversation, p_op_key, p_hash, p_text, p_reply_to, NULL, false, NULL);
$$;

-- Stores what hangs on a new message besides its row, for a caller that holds the conversation's row and has asked
-- parley_extras_refused. The files are those that parley_attachments_refused has locked.
CREATE OR REPLACE FUNCTION parley_store_extras(p_actor uuid, p_conversation uuid, p_seq int, p_mention_ids uuid[],
  p_mentions_everyone boolean, p_attachment_ids uuid[])
RETURNS void LANGUAGE sql AS $$
  INSERT INTO mentions (conversation_id, message_seq, user_id, counts)
  SELECT p_conversation, p_seq, id, NOT p_mentions_everyone AND id <> p_actor FROM unnest(p_mention_ids) AS x(id);
  UPDATE attachments a SET conversation_id = p_conversation, message_seq = p_seq, place = x.place - 1
    FROM unnest(p_attachment_ids) WITH ORDINALITY AS x(id, place) WHERE a.id = x.id;
$$;

-- Turns a person's messages in one stretch of a conversation into tombstones, so that a long conversation takes many short
-- steps.
CREATE OR REPLACE FUNCTION parley_erase_messages(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int, p_up_to_seq int)
RETURNS void LANGUAGE sql AS $$
  WITH erased AS (
    UPDATE messages SET text = NULL, salt = NULL, client_message_id = 'erased', deleted_at = coalesce(deleted_at, parley_now()),
      deleted_by_id = coalesce(deleted_by_id, p_actor), mention_ids = NULL, mentions_everyone = false,
      attachment_count = 0
     WHERE conversation_id = p_conversation AND seq > p_after_seq AND seq <= p_up_to_seq AND sender_id = p_user
       AND client_message_id <> 'erased'
    RETURNING seq)
  SELECT parley_clear_messages(p_conversation, ARRAY(SELECT seq FROM erased));
$$;
