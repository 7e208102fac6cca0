-- Presence: to whom a person shows it, and when they were last here. Who is here now is not the database's affair.

-- CreateEnum
CREATE TYPE "presence_sharing" AS ENUM ('EVERYONE', 'CONTACTS', 'NOBODY');

-- AlterTable
ALTER TABLE "users" ADD COLUMN "presence_sharing" "presence_sharing" NOT NULL DEFAULT 'EVERYONE',
  ADD COLUMN "invisible" BOOLEAN NOT NULL DEFAULT false, ADD COLUMN "last_seen_at" TIMESTAMPTZ(3);

-- As before, and nothing is left of when the person was here.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
END $$;
