-- markRead (p_delivered 0) and markDelivered (p_read 0). Positions only move forward; a seq past the head counts as the
-- head. With p_gather_from members or more (but never in a support conversation, whose queue follows at once) the others are told later; `gathered` is then true.
-- Between two people of whom one blocked the other nothing is told of what was read, and of a request nothing at all.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int, p_gather_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c conversations; me members; tells boolean; at timestamptz; events jsonb := '[]'; outcome text := 'UNCHANGED';
  read_before int; delivered_before int; read_to int; own_to int; delivered_to int; one record;
BEGIN
  IF NOT parley_is_member(p_actor, p_conversation) THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO c FROM conversations WHERE id = p_conversation;
  IF c.member_count >= p_gather_from AND c.kind <> 'SUPPORT' AND NOT EXISTS (
      SELECT FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND requested) THEN
    SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    IF one.outcome = 'LOCKED' THEN
      PERFORM FROM members WHERE conversation_id = p_conversation AND user_id = p_actor FOR NO KEY UPDATE;
      PERFORM pg_advisory_xact_lock_shared(parley_read_key(p_conversation));
      SELECT * INTO one FROM parley_advance_cursors(ARRAY[p_actor], ARRAY[p_conversation], ARRAY[p_read], ARRAY[p_delivered], 0);
    END IF;
    IF one.event_seq IS NOT NULL THEN
      events := jsonb_build_array(jsonb_build_object('streamId', p_actor, 'seq', one.event_seq,
        'type', 'INBOX_ENTRY_CHANGED', 'actorId', p_actor, 'messageSeq', NULL,
        'data', jsonb_build_object('conversationId', p_conversation),
        'occurredAt', to_timestamp(one.at_ms / 1000), 'mark', one.mark, 'markBefore', one.mark_before,
        'message', NULL));
    END IF;
    RETURN jsonb_build_object('outcome', one.outcome, 'lastReadSeq', one.last_read_seq,
      'lastDeliveredSeq', one.last_delivered_seq, 'unreadCount', one.unread_count, 'gathered', true, 'events', events);
  END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT NOT me.requested AND read_receipts_enabled AND NOT (c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key)) INTO tells FROM users WHERE id = p_actor;
  read_before := greatest(me.last_read_seq, me.pending_read_seq);
  delivered_before := greatest(me.last_delivered_seq, me.pending_delivered_seq);
  -- Without a lock where nothing can change: cursors only grow, but for the viewer's own hand.
  IF p_read > me.own_read_seq OR NOT me.requested AND greatest(p_read, p_delivered) > delivered_before OR tells AND p_read > read_before THEN
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
    SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    SELECT NOT me.requested AND read_receipts_enabled AND NOT (c.kind = 'DIRECT' AND parley_pair_blocked(c.pair_key)) INTO tells FROM users WHERE id = p_actor;
    -- Never before the messages that are read, whatever the clock did.
    at := greatest(parley_now(), c.last_activity_at);
    read_before := greatest(me.last_read_seq, me.pending_read_seq);
    delivered_before := greatest(me.last_delivered_seq, me.pending_delivered_seq);
    own_to := greatest(me.own_read_seq, least(p_read, c.head_seq));
    delivered_to := CASE WHEN me.requested THEN me.last_delivered_seq ELSE greatest(delivered_before, least(greatest(p_read, p_delivered), c.head_seq)) END;
    read_to := CASE WHEN tells THEN greatest(read_before, least(p_read, c.head_seq)) ELSE me.last_read_seq END;
    IF own_to > me.own_read_seq OR read_to > read_before OR delivered_to > delivered_before THEN
      outcome := 'ADVANCED';
      -- With what was gathered while the conversation was larger.
      UPDATE members SET own_read_seq = own_to, last_read_seq = read_to, last_delivered_seq = delivered_to,
        caught_up = c.inbox_due_at IS NOT NULL AND own_to >= c.head_seq,
        pending_read_seq = 0, pending_delivered_seq = 0, pending_at = NULL
       WHERE conversation_id = p_conversation AND user_id = p_actor;
      IF read_to > read_before THEN
        INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, read_to, at)
        ON CONFLICT DO NOTHING;
      END IF;
      IF read_to > me.last_read_seq OR delivered_to > me.last_delivered_seq THEN
        events := jsonb_build_array(parley_conversation_event(p_conversation, 'RECEIPT_ADVANCED', p_actor, jsonb_build_object(
          'receipts', jsonb_build_array(jsonb_build_object('userId', p_actor, 'lastReadSeq', read_to,
            'lastDeliveredSeq', delivered_to, 'at', at, 'delivered', delivered_to > me.last_delivered_seq)))));
      ELSE
        -- The others saw no change, the own devices do: read again what had been marked unread by hand, or in secret.
        events := parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}');
      END IF;
      IF c.kind = 'SUPPORT' THEN
        -- Several of the staff count as one.
        UPDATE support_cases SET staff_read_seq = greatest(staff_read_seq, own_to),
            staff_told_seq = CASE WHEN tells THEN greatest(staff_told_seq, read_to) ELSE staff_told_seq END
         WHERE conversation_id = p_conversation AND user_id <> p_actor;
      END IF;
      me.own_read_seq := own_to; delivered_before := delivered_to;
    END IF;
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', me.own_read_seq, 'lastDeliveredSeq', delivered_before,
    'unreadCount', parley_unread(p_conversation, p_actor, c.head_seq, me.own_read_seq, me.last_sent_seq), 'events', events);
END $$;

-- For processes of the former version: the others are always told at once.
CREATE OR REPLACE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT parley_advance_cursor(p_actor, p_conversation, p_read, p_delivered, 2147483647);
$$;
