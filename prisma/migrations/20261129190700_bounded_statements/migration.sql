-- Statements that a client can cause touch few rows, however large the tables are.

-- People by name in the order of their handles, when a search fits too many to sort them: store/people-search.ts.
CREATE INDEX "users_by_first_letter" ON "users" (left("search_name", 1), "handle" text_pattern_ops) WHERE "erased_at" IS NULL;

-- Who has muted a conversation, without looking at all of its members.
CREATE INDEX "members_muted" ON "members" ("conversation_id") WHERE "muted_until" IS NOT NULL AND "left_at" IS NULL;

-- What a personal stream says of joining and leaving, without all that it says besides.
CREATE INDEX "events_memberships" ON "events" ("stream_id", "seq") WHERE "data" ? 'joinedEventSeq' OR "data" ? 'left';

-- Who does not tell what they read.
CREATE INDEX "users_silent" ON "users" ("id") WHERE NOT "read_receipts_enabled";
