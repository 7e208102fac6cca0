-- p_muted_until is used only with p_set_muted, because null is a valid value of it.
CREATE OR REPLACE FUNCTION parley_update_entry(p_actor uuid, p_conversation uuid, p_set_muted boolean, p_muted_until timestamptz,
  p_archived boolean, p_pinned boolean, p_unread_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  UPDATE members SET
    muted_until = CASE WHEN p_set_muted THEN p_muted_until ELSE muted_until END,
    -- A request stays where it is until it is answered.
    archived = CASE WHEN requested THEN archived ELSE coalesce(p_archived, archived) END,
    -- Who says where it belongs wants to see it there.
    hidden = hidden AND (p_archived IS NULL OR requested),
    pinned = coalesce(p_pinned, pinned),
    own_read_seq = CASE WHEN p_unread_from IS NULL THEN own_read_seq
      -- What is withheld from the member cannot be unread.
      ELSE least(own_read_seq, greatest(p_unread_from - 1, history_from_seq)) END,
    caught_up = caught_up AND p_unread_from IS NULL
  WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'));
END $$;
