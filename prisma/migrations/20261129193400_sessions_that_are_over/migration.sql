-- By these housekeeping finds sessions that are over and refresh tokens that expired.
CREATE INDEX "refresh_tokens_expires_at_idx" ON "refresh_tokens"("expires_at");
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");
CREATE INDEX "sessions_revoked_at" ON "sessions" ("revoked_at") WHERE "revoked_at" IS NOT NULL;

-- Those of a person that are live, those used last first.
CREATE INDEX "sessions_live" ON "sessions" ("user_id", "expires_at" DESC) WHERE "revoked_at" IS NULL;
