-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "scopes" TEXT[],
    "created_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key_secrets" (
    "hash" BYTEA NOT NULL,
    "api_key_id" UUID NOT NULL,
    "session_id" UUID NOT NULL,

    CONSTRAINT "api_key_secrets_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_user_id_key" ON "api_keys"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_secrets_session_id_key" ON "api_key_secrets"("session_id");

-- CreateIndex
CREATE INDEX "api_key_secrets_api_key_id_idx" ON "api_key_secrets"("api_key_id");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_key_secrets" ADD CONSTRAINT "api_key_secrets_api_key_id_fkey" FOREIGN KEY ("api_key_id") REFERENCES "api_keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_key_secrets" ADD CONSTRAINT "api_key_secrets_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Functions as prisma/functions has them (npm run migration:functions).

-- A secret of an API key from now on, with a session of its own; those before it end after p_grace. No rows: there is no such key, or it
-- is over.
CREATE OR REPLACE FUNCTION parley_add_api_key_secret(p_actor uuid, p_key uuid, p_hash bytea, p_session uuid, p_grace interval)
RETURNS TABLE (session_id uuid) LANGUAGE plpgsql AS $$
DECLARE k api_keys; ended uuid[];
BEGIN
  SELECT * INTO k FROM api_keys x WHERE x.id = p_key AND x.revoked_at IS NULL AND coalesce(x.expires_at > now(), true) FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  WITH over AS (UPDATE sessions x SET expires_at = least(x.expires_at, now() + p_grace),
      revoked_at = CASE WHEN p_grace <= interval '0' THEN now() END
    WHERE x.id IN (SELECT y.session_id FROM api_key_secrets y WHERE y.api_key_id = p_key) AND x.revoked_at IS NULL RETURNING x.id, x.revoked_at)
  SELECT array_agg(over.id) INTO ended FROM over WHERE over.revoked_at IS NOT NULL;
  INSERT INTO sessions (id, user_id, expires_at, user_agent) VALUES (p_session, k.user_id, coalesce(k.expires_at, '2200-01-01'), k.name);
  INSERT INTO api_key_secrets (hash, api_key_id, session_id) VALUES (p_hash, p_key, p_session);
  PERFORM parley_audit('apiKey.rotated', p_actor, k.user_id, NULL, jsonb_build_object('name', k.name));
  RETURN QUERY SELECT p_session UNION ALL SELECT unnest(ended);
END $$;

-- An API key with its own person and its first secret. False: there are as many keys as there may be.
CREATE OR REPLACE FUNCTION parley_create_api_key(p_actor uuid, p_key uuid, p_name text, p_search_name text, p_search_name_rule smallint,
  p_scopes text[], p_expires_at timestamptz, p_user uuid, p_handle text, p_hash bytea, p_session uuid, p_most integer)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('parley api keys', 1));
  IF (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND coalesce(expires_at > now(), true)) >= p_most THEN RETURN false; END IF;
  INSERT INTO users (id, handle, handle_skeleton, display_name, search_name, search_name_rule)
    VALUES (p_user, p_handle, parley_handle_skeleton(p_handle), p_name, p_search_name, p_search_name_rule);
  INSERT INTO api_keys (id, user_id, name, scopes, created_by_id, expires_at) VALUES (p_key, p_user, p_name, p_scopes, p_actor, p_expires_at);
  INSERT INTO sessions (id, user_id, expires_at, user_agent) VALUES (p_session, p_user, coalesce(p_expires_at, '2200-01-01'), p_name);
  INSERT INTO api_key_secrets (hash, api_key_id, session_id) VALUES (p_hash, p_key, p_session);
  PERFORM parley_audit('apiKey.created', p_actor, p_user, NULL, jsonb_build_object('name', p_name, 'scopes', p_scopes));
  RETURN true;
END $$;

-- Whoever comes with a token of the embedding product: finds or makes their person, takes over what the token says of them, and
-- finds, makes or prolongs the session that it names. Null leaves a part of the profile as it is. p_is_login: a new session means that
-- somebody has signed in, and not that they have a new token. Without p_session_key there is no session: the back end says who they are.
-- ENTERED, REVOKED (the session was ended here), SUSPENDED (with the reason and the end), or ERASED (the person was erased, and is not to
-- come back by an old token).
CREATE OR REPLACE FUNCTION parley_enter(p_key bytea, p_issuer text, p_subject text, p_issued_at timestamptz,
  p_new_user uuid, p_handle text, p_spare_handle text, p_name text, p_search_name text, p_search_name_rule smallint,
  p_new_name text, p_new_search_name text, p_avatar text, p_role user_role,
  p_new_session uuid, p_session_key bytea, p_expires_at timestamptz, p_user_agent text, p_address text, p_is_login boolean,
  OUT outcome text, OUT session_id uuid, OUT user_id uuid, OUT role user_role, OUT ends_at timestamptz,
  OUT suspended_reason text, OUT suspended_until timestamptz)
LANGUAGE plpgsql AS $$
DECLARE i identities; u users; s sessions; wanted text := p_handle; is_newer boolean := false; is_new_session boolean;
BEGIN
  SELECT * INTO i FROM identities x WHERE x.key = p_key;
  IF NOT FOUND THEN
    -- Of the first requests of a new person, in whatever processes, one makes the person and the others wait for it.
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(p_key, 'hex'), 1));
    SELECT * INTO i FROM identities x WHERE x.key = p_key;
    IF NOT FOUND THEN
      IF wanted IS NULL OR EXISTS (SELECT FROM users x
          WHERE x.handle = wanted OR x.handle_skeleton = parley_handle_skeleton(wanted)) THEN
        wanted := p_spare_handle;
      END IF;
      INSERT INTO users (id, handle, handle_skeleton, display_name, search_name, search_name_rule, avatar_url, role)
        VALUES (p_new_user, wanted, parley_handle_skeleton(wanted), p_new_name, p_new_search_name, p_search_name_rule,
          nullif(p_avatar, ''), coalesce(p_role, 'USER')) ON CONFLICT DO NOTHING;
      -- Somebody took the handle at this moment.
      IF NOT FOUND THEN
        INSERT INTO users (id, handle, handle_skeleton, display_name, search_name, search_name_rule, avatar_url, role)
          VALUES (p_new_user, p_spare_handle, parley_handle_skeleton(p_spare_handle), p_new_name, p_new_search_name,
            p_search_name_rule, nullif(p_avatar, ''), coalesce(p_role, 'USER'));
      END IF;
      INSERT INTO identities (key, user_id, issuer, subject, claims_at)
        VALUES (p_key, p_new_user, p_issuer, p_subject, p_issued_at) RETURNING * INTO i;
    END IF;
  END IF;
  -- An erasure or a suspension waits until this session is there to be ended; after it nobody gets one. Each takes the person's row
  -- before the identity's.
  IF i.claims_at IS DISTINCT FROM p_issued_at THEN
    SELECT * INTO u FROM users x WHERE x.id = i.user_id FOR NO KEY UPDATE;
    SELECT * INTO i FROM identities x WHERE x.key = p_key;
    is_newer := p_issued_at IS NULL OR i.claims_at IS NULL OR p_issued_at > i.claims_at;
  ELSE
    SELECT * INTO u FROM users x WHERE x.id = i.user_id FOR SHARE;
  END IF;
  IF u.erased_at IS NOT NULL THEN outcome := 'ERASED'; RETURN; END IF;
  IF parley_is_suspended(u.suspended_at, u.suspended_until) THEN
    outcome := 'SUSPENDED';
    suspended_reason := u.suspended_reason;
    suspended_until := u.suspended_until;
    RETURN;
  END IF;
  IF p_session_key IS NOT NULL THEN
    INSERT INTO sessions (id, user_id, expires_at, user_agent, outside_key)
      VALUES (p_new_session, i.user_id, p_expires_at, p_user_agent, p_session_key)
      ON CONFLICT (outside_key) WHERE outside_key IS NOT NULL DO NOTHING;
    is_new_session := FOUND;
    IF NOT is_new_session THEN
      UPDATE sessions x SET expires_at = p_expires_at
        WHERE x.outside_key = p_session_key AND x.expires_at < p_expires_at AND x.revoked_at IS NULL;
    END IF;
    SELECT * INTO s FROM sessions x WHERE x.outside_key = p_session_key;
    IF s.id IS NULL OR s.revoked_at IS NOT NULL THEN outcome := 'REVOKED'; RETURN; END IF;
  END IF;
  IF is_newer THEN
    UPDATE identities x SET claims_at = coalesce(p_issued_at, x.claims_at) WHERE x.key = p_key;
    UPDATE users x SET
        display_name = coalesce(p_name, x.display_name),
        search_name = CASE WHEN p_name IS NULL THEN x.search_name ELSE p_search_name END,
        search_name_rule = CASE WHEN p_name IS NULL THEN x.search_name_rule ELSE p_search_name_rule END,
        avatar_url = nullif(coalesce(p_avatar, x.avatar_url), ''), role = coalesce(p_role, x.role)
      WHERE x.id = i.user_id AND (x.display_name, x.avatar_url, x.role) IS DISTINCT FROM
        (coalesce(p_name, x.display_name), nullif(coalesce(p_avatar, x.avatar_url), ''), coalesce(p_role, x.role));
  END IF;
  outcome := 'ENTERED';
  session_id := s.id;
  user_id := i.user_id;
  ends_at := s.expires_at;
  role := (SELECT x.role FROM users x WHERE x.id = i.user_id);
  IF is_new_session AND p_is_login THEN
    PERFORM parley_audit('session.opened', i.user_id, i.user_id, NULL, jsonb_build_object('address', p_address, 'issuer', p_issuer));
  END IF;
END $$;

-- Ends an API key and all its sessions; null: there is no such key. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_revoke_api_key(p_actor uuid, p_key uuid) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE k api_keys; ids uuid[];
BEGIN
  SELECT * INTO k FROM api_keys WHERE id = p_key FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = p_key;
  ids := ARRAY(SELECT session_id FROM api_key_secrets WHERE api_key_id = p_key);
  UPDATE sessions SET revoked_at = now() WHERE id = ANY (ids) AND revoked_at IS NULL;
  IF k.revoked_at IS NULL THEN
    PERFORM parley_audit('apiKey.revoked', p_actor, k.user_id, NULL, jsonb_build_object('name', k.name));
  END IF;
  RETURN ids;
END $$;
