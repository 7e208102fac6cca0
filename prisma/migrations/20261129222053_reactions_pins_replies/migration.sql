-- AlterEnum
ALTER TYPE "event_type" ADD VALUE 'REACTION_TOGGLED';

-- CreateTable
CREATE TABLE "reaction_kinds" (
    "conversation_id" UUID NOT NULL,
    "message_seq" INTEGER NOT NULL,
    "kind" INTEGER NOT NULL,
    "emoji" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 0,
    "since_event_seq" INTEGER,

    CONSTRAINT "reaction_kinds_pkey" PRIMARY KEY ("conversation_id","message_seq","kind")
);

-- CreateTable
CREATE TABLE "reactions" (
    "conversation_id" UUID NOT NULL,
    "message_seq" INTEGER NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" INTEGER NOT NULL,
    "event_seq" INTEGER NOT NULL,

    CONSTRAINT "reactions_pkey" PRIMARY KEY ("conversation_id","message_seq","user_id","kind")
);

-- CreateTable
CREATE TABLE "pins" (
    "conversation_id" UUID NOT NULL,
    "message_seq" INTEGER NOT NULL,
    "pinned_at" TIMESTAMPTZ(3) NOT NULL,
    "event_seq" INTEGER NOT NULL,

    CONSTRAINT "pins_pkey" PRIMARY KEY ("conversation_id","message_seq")
);

-- CreateIndex
CREATE UNIQUE INDEX "reaction_kinds_conversation_id_message_seq_emoji_key" ON "reaction_kinds"("conversation_id", "message_seq", "emoji");

-- CreateIndex
CREATE INDEX "reactions_conversation_id_message_seq_kind_event_seq_idx" ON "reactions"("conversation_id", "message_seq", "kind", "event_seq");

-- CreateIndex
CREATE INDEX "reactions_user_id_conversation_id_idx" ON "reactions"("user_id", "conversation_id");

-- AddForeignKey
ALTER TABLE "reaction_kinds" ADD CONSTRAINT "reaction_kinds_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pins" ADD CONSTRAINT "pins_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- The kinds that somebody reacts with now, oldest first: a page of messages reads only these.
CREATE INDEX "reaction_kinds_in_use" ON "reaction_kinds" ("conversation_id", "message_seq", "since_event_seq") WHERE "since_event_seq" IS NOT NULL;

-- The answers to a message. Only a message that is an answer writes it. With deleted_at, so that counting looks at no row.
CREATE INDEX "messages_replies" ON "messages" ("conversation_id", "reply_to_seq", "seq") INCLUDE ("deleted_at") WHERE "reply_to_seq" IS NOT NULL;

-- Functions as prisma/functions has them (npm run migration:functions).

-- Removes what hangs on messages whose texts are removed in the same transaction: everything that must not be left of a deleted
-- or erased message. Each table with something of a message has its line here.
CREATE OR REPLACE FUNCTION parley_clear_messages(p_conversation uuid, p_seqs int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A join and not ANY: for a long list of numbers each is looked up by its key.
  DELETE FROM reactions r USING unnest(p_seqs) AS s(seq) WHERE r.conversation_id = p_conversation AND r.message_seq = s.seq;
  DELETE FROM reaction_kinds k USING unnest(p_seqs) AS s(seq) WHERE k.conversation_id = p_conversation AND k.message_seq = s.seq;
  DELETE FROM pins p USING unnest(p_seqs) AS s(seq) WHERE p.conversation_id = p_conversation AND p.message_seq = s.seq;
END $$;

-- The sender may delete within the edit policy; owners and admins of a group at any time.
CREATE OR REPLACE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz; new_mark text; log_xid xid8;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN
    RETURN coalesce(parley_replayed(p_actor, p_op_key, p_hash), jsonb_build_object('outcome', 'NOT_FOUND'));
  END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind <> 'GROUP' OR me.role = 'MEMBER' THEN
    IF m.sender_id <> p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF (c.kind <> 'GROUP' OR me.role = 'MEMBER') AND NOT parley_editable(c, m) THEN
    RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy);
  END IF;
  at := parley_now();
  new_mark := parley_mark();
  log_xid := parley_xid();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid
   WHERE id = p_conversation;
  UPDATE messages SET text = NULL, salt = NULL, deleted_at = at, deleted_by_id = p_actor
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  PERFORM parley_clear_messages(p_conversation, ARRAY[p_seq]);
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, p_op_key, p_hash,
    p_seq, NULL, at, parley_message_json(m), new_mark, c.head_mark, log_xid));
END $$;

-- Turns a person's messages in one stretch of a conversation into tombstones, so that a long conversation takes many short
-- steps.
CREATE OR REPLACE FUNCTION parley_erase_messages(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int, p_up_to_seq int)
RETURNS void LANGUAGE sql AS $$
  WITH erased AS (
    UPDATE messages SET text = NULL, salt = NULL, client_message_id = 'erased', deleted_at = coalesce(deleted_at, parley_now()),
      deleted_by_id = coalesce(deleted_by_id, p_actor)
     WHERE conversation_id = p_conversation AND seq > p_after_seq AND seq <= p_up_to_seq AND sender_id = p_user
       AND client_message_id <> 'erased'
    RETURNING seq)
  SELECT parley_clear_messages(p_conversation, ARRAY(SELECT seq FROM erased));
$$;
