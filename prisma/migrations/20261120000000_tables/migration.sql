-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "user_role" AS ENUM ('USER', 'STAFF', 'ADMIN');

-- CreateEnum
CREATE TYPE "conversation_kind" AS ENUM ('DIRECT', 'GROUP');

-- CreateEnum
CREATE TYPE "member_role" AS ENUM ('OWNER', 'ADMIN', 'MEMBER');

-- CreateEnum
CREATE TYPE "edit_policy" AS ENUM ('ANYTIME', 'UNTIL_READ', 'WITHIN_15_MINUTES', 'NEVER');

-- CreateEnum
CREATE TYPE "event_type" AS ENUM ('MESSAGE_SENT', 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'RECEIPT_ADVANCED', 'MEMBER_JOINED', 'MEMBER_LEFT', 'CONVERSATION_UPDATED', 'INBOX_ENTRY_CHANGED');

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "handle" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "search_name" TEXT NOT NULL,
    "avatar_url" TEXT,
    "role" "user_role" NOT NULL DEFAULT 'USER',
    "read_receipts_enabled" BOOLEAN NOT NULL DEFAULT true,
    "head_event_seq" INTEGER NOT NULL DEFAULT 0,
    "floor_event_seq" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credentials" (
    "user_id" UUID NOT NULL,
    "password_hash" TEXT NOT NULL,

    CONSTRAINT "credentials_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "refresh_tokens" (
    "hash" BYTEA NOT NULL,
    "session_id" UUID NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "rotated_at" TIMESTAMPTZ(3),

    CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "conversations" (
    "id" UUID NOT NULL,
    "kind" "conversation_kind" NOT NULL,
    "title" TEXT,
    "edit_policy" "edit_policy" NOT NULL DEFAULT 'ANYTIME',
    "pair_key" TEXT,
    "member_count" INTEGER NOT NULL DEFAULT 0,
    "head_seq" INTEGER NOT NULL DEFAULT 0,
    "head_event_seq" INTEGER NOT NULL DEFAULT 0,
    "floor_event_seq" INTEGER NOT NULL DEFAULT 0,
    "last_activity_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "members" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "member_role" NOT NULL DEFAULT 'MEMBER',
    "last_read_seq" INTEGER NOT NULL DEFAULT 0,
    "own_read_seq" INTEGER NOT NULL DEFAULT 0,
    "last_delivered_seq" INTEGER NOT NULL DEFAULT 0,
    "last_sent_seq" INTEGER NOT NULL DEFAULT 0,
    "muted_until" TIMESTAMPTZ(3),
    "archived" BOOLEAN NOT NULL DEFAULT false,
    "pinned" BOOLEAN NOT NULL DEFAULT false,
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "joined_event_seq" INTEGER NOT NULL DEFAULT 0,
    "left_at" TIMESTAMPTZ(3),

    CONSTRAINT "members_pkey" PRIMARY KEY ("conversation_id","user_id")
);

-- CreateTable
CREATE TABLE "messages" (
    "conversation_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "sender_id" UUID NOT NULL,
    "text" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "client_message_id" TEXT NOT NULL,
    "reply_to_seq" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "edited_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "deleted_by_id" UUID,
    "salt" UUID DEFAULT gen_random_uuid(),

    CONSTRAINT "messages_pkey" PRIMARY KEY ("conversation_id","seq")
);

-- CreateTable
CREATE TABLE "events" (
    "stream_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "type" "event_type" NOT NULL,
    "actor_id" UUID,
    "op_key" TEXT,
    "request_hash" BYTEA,
    "message_seq" INTEGER,
    "data" JSONB,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT "events_pkey" PRIMARY KEY ("stream_id","seq")
);

-- CreateTable
CREATE TABLE "receipts" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "up_to_seq" INTEGER NOT NULL,
    "read_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "receipts_pkey" PRIMARY KEY ("conversation_id","user_id","up_to_seq")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_handle_key" ON "users"("handle");

-- CreateIndex
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");

-- CreateIndex
CREATE INDEX "refresh_tokens_session_id_idx" ON "refresh_tokens"("session_id");

-- CreateIndex
CREATE UNIQUE INDEX "conversations_pair_key_key" ON "conversations"("pair_key");

-- CreateIndex
CREATE INDEX "members_user_id_idx" ON "members"("user_id");

-- CreateIndex
CREATE INDEX "events_xid_idx" ON "events"("xid");

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_sender_id_fkey" FOREIGN KEY ("sender_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_deleted_by_id_fkey" FOREIGN KEY ("deleted_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma's schema language cannot say.

-- The write ledger: a key is used once for each actor.
CREATE UNIQUE INDEX "events_actor_op_key" ON "events" ("actor_id", "op_key") WHERE "op_key" IS NOT NULL;

-- The inbox of a person.
CREATE INDEX "members_active_by_user" ON "members" ("user_id") WHERE "left_at" IS NULL;

-- Members of a conversation in the order they joined.
CREATE INDEX "members_active_by_joined" ON "members" ("conversation_id", "joined_at", "user_id") WHERE "left_at" IS NULL;

-- Keeps the unread count a short range scan.
CREATE INDEX "messages_deleted" ON "messages" ("conversation_id", "seq") WHERE "deleted_at" IS NOT NULL;

-- Searching people by the beginning of a handle or of a name. Partial in form only: Prisma cannot compare operator
-- classes, and leaves partial indexes alone.
CREATE INDEX "users_handle_prefix" ON "users" ("handle" text_pattern_ops) WHERE "handle" IS NOT NULL;
CREATE INDEX "users_search_name_prefix" ON "users" ("search_name" text_pattern_ops) WHERE "search_name" IS NOT NULL;

ALTER TABLE "users" ADD CONSTRAINT "users_handle_shape" CHECK ("handle" ~ '^[a-z0-9_.]{3,32}$');
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_direct_has_pair" CHECK (("kind" = 'DIRECT') = ("pair_key" IS NOT NULL));
ALTER TABLE "messages" ADD CONSTRAINT "messages_text_length" CHECK (char_length("text") BETWEEN 1 AND 4000);
ALTER TABLE "messages" ADD CONSTRAINT "messages_text_unless_deleted" CHECK (("text" IS NULL) = ("deleted_at" IS NOT NULL));
