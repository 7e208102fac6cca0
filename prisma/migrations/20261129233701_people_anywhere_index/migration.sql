-- An index of its own migration: it needs the function of the one before.
CREATE INDEX "users_name_grams" ON "users" USING gin (parley_name_grams("search_name", "handle")) WITH (gin_pending_list_limit = 512) WHERE "erased_at" IS NULL;
