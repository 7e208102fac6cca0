-- Every membership of an erased person is marked once its conversation was told.
ALTER TABLE "members" ADD COLUMN "erased_at" TIMESTAMPTZ(3);

-- Those whose erasure was finished before there was a mark: conversations that were left without a word were not told.
UPDATE "users" SET "erasure_finished_at" = NULL WHERE "erased_at" IS NOT NULL;

-- Functions as prisma/functions has them (npm run migration:functions).

-- The last step for one conversation: what came after p_after_seq goes too, and one event tells everybody to drop their
-- copies, also where the person is only named by events, as in a group that they left without a word. The membership is
-- marked; a table that has something of a person in a conversation is cleared of it here. The person is no longer in a
-- group, and a direct conversation is closed. Repeating it changes nothing.
CREATE OR REPLACE FUNCTION parley_erase_in_conversation(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m members; at timestamptz; events jsonb;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  SELECT * INTO m FROM members WHERE conversation_id = p_conversation AND user_id = p_user FOR NO KEY UPDATE;
  IF m.erased_at IS NOT NULL AND (c.kind = 'DIRECT' OR m.left_at IS NOT NULL) THEN
    RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
  END IF;
  at := parley_now();
  PERFORM parley_erase_messages(p_actor, p_conversation, p_user, p_after_seq, m.last_sent_seq);
  events := jsonb_build_array(
    parley_conversation_event(p_conversation, 'USER_ERASED', p_actor, jsonb_build_object('userId', p_user)));
  UPDATE members SET last_sent_seq = 0, erased_at = at WHERE conversation_id = p_conversation AND user_id = p_user;
  IF c.kind = 'DIRECT' THEN
    UPDATE conversations SET closed_at = coalesce(closed_at, at) WHERE id = p_conversation;
  ELSIF m.left_at IS NULL THEN
    events := events || parley_end_membership(p_actor, p_conversation, p_user);
  END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', events);
END $$;
