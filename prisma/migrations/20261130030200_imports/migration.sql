-- What was imported from other systems: who and what their keys are here. Keys and addresses as hashes, which say nothing of a
-- person who is erased.
CREATE TABLE "imported_people" (
    "source" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "email_hash" BYTEA,
    "user_id" UUID NOT NULL,

    CONSTRAINT "imported_people_pkey" PRIMARY KEY ("source", "key_hash")
);

CREATE TABLE "imported_conversations" (
    "source" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "conversation_id" UUID NOT NULL,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "imported_conversations_pkey" PRIMARY KEY ("source", "key_hash")
);

CREATE INDEX "imported_people_email_hash_idx" ON "imported_people"("email_hash");
CREATE INDEX "imported_people_user_id_idx" ON "imported_people"("user_id");
CREATE INDEX "imported_conversations_conversation_id_idx" ON "imported_conversations"("conversation_id");

ALTER TABLE "imported_people" ADD CONSTRAINT "imported_people_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "imported_conversations" ADD CONSTRAINT "imported_conversations_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Functions as prisma/functions has them (npm run migration:functions).

-- The first step of an erasure: nothing shows any more who the person was or when they were online, and nobody can log in
-- as them. Not known: there is no such person. Returns the sessions that ended. The credentials are deleted first, in the
-- same order as a login locks them.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
  -- Before the person's row, as a send locks them. What is attached to a message goes with it.
  PERFORM parley_drop_attachments(ARRAY(SELECT id FROM attachments WHERE uploader_id = p_user AND conversation_id IS NULL));
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE imported_people SET email_hash = NULL WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  DELETE FROM blocks WHERE blocker_id = p_user OR blocked_id = p_user;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
END $$;
