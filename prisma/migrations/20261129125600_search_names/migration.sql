-- Names are folded by the server (src/domain/text/fold.ts), not by the database's locale. The rules by which a search_name was
-- made stand beside it. 0, also for what a process of the former version inserts: lower(), here; the servers fold those again.

-- AlterTable
ALTER TABLE "users" ADD COLUMN "search_name_rule" SMALLINT NOT NULL DEFAULT 0;

-- Finds what is to be folded again. With a new rule the index moves.
CREATE INDEX "users_stale_search_name" ON "users" ("id") WHERE "search_name_rule" < 1 AND "erased_at" IS NULL;
