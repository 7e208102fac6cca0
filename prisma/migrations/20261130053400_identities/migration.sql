-- Who somebody is in the embedding product. Its tokens name a session too; what is revoked stays here, since the issuer may go on
-- making tokens for it.
-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "outside_key" BYTEA;

-- CreateTable
CREATE TABLE "identities" (
    "key" BYTEA NOT NULL,
    "user_id" UUID NOT NULL,
    "issuer" TEXT NOT NULL,
    "subject" TEXT,
    "claims_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "identities_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "identities_user_id_idx" ON "identities"("user_id");

-- AddForeignKey
ALTER TABLE "identities" ADD CONSTRAINT "identities_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;


CREATE UNIQUE INDEX "sessions_outside_key" ON "sessions" ("outside_key") WHERE "outside_key" IS NOT NULL;
-- What housekeeping may forget of sessions that are over, past those that have to stay.
CREATE INDEX "sessions_forgotten_by_end" ON "sessions" ("expires_at") WHERE "outside_key" IS NULL OR "revoked_at" IS NULL;
CREATE INDEX "sessions_forgotten_by_revocation" ON "sessions" ("revoked_at") WHERE "revoked_at" IS NOT NULL AND "outside_key" IS NULL;

-- Functions as prisma/functions has them (npm run migration:functions).

-- The first step of an erasure: nothing shows any more who the person was or when they were online, and nobody can log in
-- as them. Not known: there is no such person. Returns the sessions that ended. The credentials are deleted first, in the
-- same order as a login locks them.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_actor uuid, p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE plpgsql AS $$
DECLARE is_first boolean := EXISTS (SELECT FROM users WHERE id = p_user AND erased_at IS NULL);
BEGIN
  -- Before the person's row, as a send locks them. What is attached to a message goes with it.
  PERFORM parley_drop_attachments(ARRAY(SELECT id FROM attachments WHERE uploader_id = p_user AND conversation_id IS NULL));
  DELETE FROM credentials WHERE user_id = p_user;
  UPDATE imported_people SET email_hash = NULL WHERE user_id = p_user;
  UPDATE users SET handle = 'erased_' || substr(md5(id::text || clock_timestamp()::text), 1, 16), handle_skeleton = NULL,
    display_name = 'Erased person',
    search_name = '', avatar_url = NULL, presence_sharing = DEFAULT, invisible = DEFAULT, last_seen_at = NULL,
    suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL, suspended_by_id = NULL,
    erased_at = coalesce(erased_at, parley_now())
  WHERE id = p_user;
  known := FOUND;
  -- The key stays, so that a token that is still valid does not make them anew.
  UPDATE identities SET subject = NULL WHERE user_id = p_user;
  DELETE FROM blocks WHERE blocker_id = p_user OR blocked_id = p_user;
  session_ids := ARRAY(SELECT id FROM sessions WHERE user_id = p_user);
  DELETE FROM sessions WHERE user_id = p_user;
  IF is_first THEN PERFORM parley_audit('user.erased', nullif(p_actor, p_user), p_user, NULL, NULL); END IF;
END $$;

-- For processes of the former version, which do not say who erases.
CREATE OR REPLACE FUNCTION parley_begin_erasure(p_user uuid, OUT known boolean, OUT session_ids uuid[]) LANGUAGE sql AS $$
  SELECT * FROM parley_begin_erasure(NULL, p_user);
$$;

-- Whoever comes with a token of the embedding product: finds or makes their person, takes over what the token says of them, and
-- finds, makes or prolongs the session that it names. Null leaves a part of the profile as it is. p_is_login: a new session means that
-- somebody has signed in, and not that they have a new token.
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

-- Suspends a person, or no longer does; p_actor null: an operator on the command line. All their sessions end in the transaction, and
-- a login at the same moment waits for it (both lock the person's row). Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_suspend_user(p_actor uuid, p_user uuid, p_suspended boolean, p_reason text, p_until timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE u users; was boolean; ended uuid[] := '{}';
BEGIN
  IF p_actor IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE id = p_actor AND role = 'ADMIN' AND erased_at IS NULL
    AND NOT parley_is_suspended(suspended_at, suspended_until)) THEN
    RETURN jsonb_build_object('outcome', 'FORBIDDEN');
  END IF;
  SELECT * INTO u FROM users WHERE id = p_user AND erased_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  was := parley_is_suspended(u.suspended_at, u.suspended_until);
  IF p_suspended THEN
    UPDATE users SET suspended_at = CASE WHEN was THEN suspended_at ELSE parley_now() END, suspended_until = p_until,
      suspended_reason = p_reason, suspended_by_id = p_actor WHERE id = p_user;
    -- Those of tokens from outside are not revoked, as that is for good: such a token enters again once this is taken back.
    UPDATE sessions SET revoked_at = CASE WHEN outside_key IS NULL THEN now() END,
      expires_at = CASE WHEN outside_key IS NULL THEN expires_at ELSE least(expires_at, now()) END
    WHERE user_id = p_user AND revoked_at IS NULL;
    -- With those of a moment ago: who repeats this may not know whether their end was announced.
    ended := ARRAY(SELECT id FROM sessions WHERE user_id = p_user AND (revoked_at > now() - interval '1 minute'
      OR outside_key IS NOT NULL AND expires_at > now() - interval '1 minute'));
    IF NOT was OR u.suspended_until IS DISTINCT FROM p_until OR u.suspended_reason IS DISTINCT FROM p_reason THEN
      PERFORM parley_audit('user.suspended', p_actor, p_user, NULL, jsonb_build_object('until', p_until));
    END IF;
  ELSIF u.suspended_at IS NOT NULL THEN
    UPDATE users SET suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL, suspended_by_id = NULL WHERE id = p_user;
    IF was THEN PERFORM parley_audit('user.unsuspended', p_actor, p_user, NULL, NULL); END IF;
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'sessionIds', to_jsonb(ended), 'events', '[]'::jsonb);
END $$;
