-- Of people whose handles look alike already all keep theirs. The first of them has the look.
UPDATE "users" u SET "handle_skeleton" = first.skeleton FROM (
  SELECT DISTINCT ON (parley_handle_skeleton("handle")) "id", parley_handle_skeleton("handle") AS skeleton
    FROM "users" WHERE "erased_at" IS NULL ORDER BY parley_handle_skeleton("handle"), "created_at", "id") AS first
 WHERE u."id" = first."id";

-- CreateIndex
CREATE UNIQUE INDEX "users_handle_skeleton_key" ON "users"("handle_skeleton");
