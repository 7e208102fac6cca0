-- Every write is one call of one of these functions: one round trip, one transaction, one commit.
--
-- Rules they share:
--   * The head row of the stream (conversations, or users for a personal stream) is locked before anything is decided.
--     A number is taken only under that lock, so that numbers have no gaps and follow commit order.
--   * Lock order: the conversation first, then users by id. Nothing locks the other way round.
--   * They answer jsonb: { "outcome": …, … , "events": [the appended events, as the bus carries them] }.
--   * A key seen before is answered from the log. Two copies in two conversations at once meet at the unique index
--     events_actor_op_key; the caller repeats the call, which then finds the first one.

CREATE FUNCTION parley_now() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN date_trunc('milliseconds', clock_timestamp());

CREATE FUNCTION parley_message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE
RETURN jsonb_build_object(
  'conversationId', m.conversation_id, 'seq', m.seq, 'senderId', m.sender_id, 'text', m.text, 'revision', m.revision,
  'clientMessageId', m.client_message_id, 'replyToSeq', m.reply_to_seq, 'createdAt', m.created_at,
  'editedAt', m.edited_at, 'deletedAt', m.deleted_at, 'deletedById', m.deleted_by_id);

-- Messages of others after the viewer's cursor, deleted ones left out. Own messages after it exist only when the viewer
-- marked the conversation unread by hand.
CREATE FUNCTION parley_unread(p_conversation uuid, p_viewer uuid, p_head int, p_own_read int, p_last_sent int)
RETURNS int LANGUAGE sql STABLE
RETURN CASE WHEN p_head <= p_own_read THEN 0 ELSE
  p_head - p_own_read
  - (SELECT count(*)::int FROM messages
      WHERE conversation_id = p_conversation AND seq > p_own_read AND deleted_at IS NOT NULL)
  - CASE WHEN p_last_sent <= p_own_read THEN 0 ELSE
      (SELECT count(*)::int FROM messages
        WHERE conversation_id = p_conversation AND seq > p_own_read AND seq <= p_last_sent
          AND sender_id = p_viewer AND deleted_at IS NULL)
    END
END;

CREATE FUNCTION parley_event(p_stream uuid, p_seq int, p_type event_type, p_actor uuid, p_op_key text, p_hash bytea,
  p_message_seq int, p_data jsonb, p_at timestamptz, p_message jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (stream_id, seq, type, actor_id, op_key, request_hash, message_seq, data, occurred_at)
  VALUES (p_stream, p_seq, p_type, p_actor, p_op_key, p_hash, p_message_seq, p_data, p_at);
  RETURN jsonb_build_object('streamId', p_stream, 'seq', p_seq, 'type', p_type, 'actorId', p_actor,
    'messageSeq', p_message_seq, 'data', p_data, 'occurredAt', p_at, 'message', p_message);
END $$;

-- Appends to the stream of a conversation whose row the caller holds.
CREATE FUNCTION parley_conversation_event(p_conversation uuid, p_type event_type, p_actor uuid, p_data jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE head int;
BEGIN
  UPDATE conversations SET head_event_seq = head_event_seq + 1 WHERE id = p_conversation RETURNING head_event_seq INTO head;
  RETURN parley_event(p_conversation, head, p_type, p_actor, NULL, NULL, NULL, p_data, parley_now(), NULL);
END $$;

-- "A conversation came, went, or its entry changed", on each of these users' personal streams.
CREATE FUNCTION parley_inbox_events(p_users uuid[], p_conversation uuid, p_actor uuid, p_data jsonb,
  p_op_key text DEFAULT NULL, p_hash bytea DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  u uuid; head int; result jsonb := '[]';
  payload jsonb := jsonb_build_object('conversationId', p_conversation) || p_data;
BEGIN
  FOR u IN SELECT DISTINCT unnest(p_users) ORDER BY 1 LOOP
    UPDATE users SET head_event_seq = head_event_seq + 1 WHERE id = u RETURNING head_event_seq INTO head;
    result := result || parley_event(u, head, 'INBOX_ENTRY_CHANGED', p_actor,
      CASE WHEN u = p_actor THEN p_op_key END, CASE WHEN u = p_actor THEN p_hash END, NULL, payload, parley_now(), NULL);
  END LOOP;
  RETURN result;
END $$;

-- The hash of a request that carries a message's text, as the ledger keeps it: 33 bytes, to tell it from a plain one. Once
-- the message is deleted its salt is gone, and nobody can find out by the hash whether they guessed the text right.
CREATE FUNCTION parley_salted(p_hash bytea, p_salt uuid) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN '\x01'::bytea || sha256(p_hash || uuid_send(p_salt));

-- Null when the key is new; else the answer that the first use got. Of a deleted message nothing is left to compare a
-- repeated request with: it counts as the same.
CREATE FUNCTION parley_replayed(p_actor uuid, p_op_key text, p_hash bytea) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE used record; m messages;
BEGIN
  SELECT request_hash, stream_id, seq AS event_seq, message_seq, data INTO used
    FROM events WHERE actor_id = p_actor AND op_key = p_op_key;
  IF NOT FOUND THEN
    SELECT request_hash, stream_id, event_seq, message_seq, data INTO used
      FROM retired_op_keys WHERE actor_id = p_actor AND op_key = p_op_key;
    IF NOT FOUND THEN RETURN NULL; END IF;
  END IF;
  IF used.message_seq IS NOT NULL THEN
    SELECT * INTO m FROM messages WHERE conversation_id = used.stream_id AND seq = used.message_seq;
  END IF;
  IF octet_length(used.request_hash) = 32 AND used.request_hash <> p_hash
    OR octet_length(used.request_hash) = 33 AND used.request_hash <> parley_salted(p_hash, m.salt) THEN
    RETURN jsonb_build_object('outcome', 'OP_KEY_REUSED');
  END IF;
  RETURN jsonb_build_object('outcome', 'DUPLICATE', 'streamId', used.stream_id, 'eventSeq', used.event_seq, 'data', used.data,
    'message', CASE WHEN used.message_seq IS NOT NULL THEN parley_message_json(m) END, 'events', '[]'::jsonb);
END $$;

CREATE FUNCTION parley_accepted(p_event jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_event->'streamId', 'eventSeq', p_event->'seq',
  'message', p_event->'message', 'events', jsonb_build_array(p_event));

CREATE FUNCTION parley_send_message(p_actor uuid, p_conversation uuid, p_op_key text, p_hash bytea, p_text text, p_reply_to int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.closed_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'CONVERSATION_CLOSED'); END IF;
  IF p_reply_to IS NOT NULL AND (p_reply_to < 1 OR p_reply_to > c.head_seq) THEN
    RETURN jsonb_build_object('outcome', 'REPLY_NOT_FOUND');
  END IF;
  -- Never before the message that precedes it, whatever the clock did.
  at := greatest(parley_now(), c.last_activity_at);
  UPDATE conversations SET head_seq = c.head_seq + 1, head_event_seq = c.head_event_seq + 1, last_activity_at = at
   WHERE id = p_conversation;
  INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, reply_to_seq, created_at)
  VALUES (p_conversation, c.head_seq + 1, p_actor, p_text, p_op_key, p_reply_to, at)
  RETURNING * INTO m;
  -- Who sends has read what stands above. A receipt only where others' messages were passed by it.
  IF me.last_read_seq < c.head_seq THEN
    INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, m.seq, at);
  END IF;
  UPDATE members SET last_read_seq = m.seq, own_read_seq = m.seq, last_delivered_seq = m.seq, last_sent_seq = m.seq
   WHERE conversation_id = p_conversation AND user_id = p_actor;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_SENT', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), m.seq, NULL, at, parley_message_json(m)));
END $$;

-- Whether the conversation's policy still lets its sender change this message.
CREATE FUNCTION parley_editable(c conversations, m messages) RETURNS boolean LANGUAGE sql STABLE
RETURN CASE c.edit_policy
  WHEN 'ANYTIME' THEN true
  WHEN 'NEVER' THEN false
  WHEN 'WITHIN_15_MINUTES' THEN clock_timestamp() - m.created_at < interval '15 minutes'
  WHEN 'UNTIL_READ' THEN NOT EXISTS (
    SELECT FROM members o WHERE o.conversation_id = c.id AND o.user_id <> m.sender_id AND o.left_at IS NULL AND o.last_read_seq >= m.seq)
END;

CREATE FUNCTION parley_edit_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea, p_text text,
  p_expected_revision int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; m messages; replayed jsonb; at timestamptz;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  PERFORM FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF m.sender_id <> p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF NOT parley_editable(c, m) THEN RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy); END IF;
  IF p_expected_revision IS NOT NULL AND p_expected_revision <> m.revision THEN
    RETURN jsonb_build_object('outcome', 'REVISION_CONFLICT', 'eventSeq', c.head_event_seq, 'message', parley_message_json(m));
  END IF;
  at := parley_now();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1 WHERE id = p_conversation;
  UPDATE messages SET text = p_text, revision = m.revision + 1, edited_at = at
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_EDITED', p_actor, p_op_key,
    parley_salted(p_hash, m.salt), p_seq, NULL, at, parley_message_json(m)));
END $$;

-- The sender within the edit policy; owners and admins of a group at any time.
CREATE FUNCTION parley_delete_message(p_actor uuid, p_conversation uuid, p_seq int, p_op_key text, p_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members; m messages; replayed jsonb; at timestamptz;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  replayed := parley_replayed(p_actor, p_op_key, p_hash);
  IF replayed IS NOT NULL THEN RETURN replayed; END IF;
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  SELECT * INTO m FROM messages WHERE conversation_id = p_conversation AND seq = p_seq;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF c.kind <> 'GROUP' OR me.role = 'MEMBER' THEN
    IF m.sender_id <> p_actor THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  END IF;
  IF m.deleted_at IS NOT NULL THEN RETURN jsonb_build_object('outcome', 'MESSAGE_DELETED'); END IF;
  IF (c.kind <> 'GROUP' OR me.role = 'MEMBER') AND NOT parley_editable(c, m) THEN
    RETURN jsonb_build_object('outcome', 'MESSAGE_LOCKED', 'policy', c.edit_policy);
  END IF;
  at := parley_now();
  UPDATE conversations SET head_event_seq = c.head_event_seq + 1 WHERE id = p_conversation;
  UPDATE messages SET text = NULL, salt = NULL, deleted_at = at, deleted_by_id = p_actor
   WHERE conversation_id = p_conversation AND seq = p_seq RETURNING * INTO m;
  RETURN parley_accepted(parley_event(p_conversation, c.head_event_seq + 1, 'MESSAGE_DELETED', p_actor, p_op_key, p_hash,
    p_seq, NULL, at, parley_message_json(m)));
END $$;

-- markRead (p_delivered 0) and markDelivered (p_read 0). A cursor only goes forward; what is past the head counts as
-- the head.
CREATE FUNCTION parley_advance_cursor(p_actor uuid, p_conversation uuid, p_read int, p_delivered int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c conversations; me members; at timestamptz := parley_now(); events jsonb := '[]'; outcome text := 'UNCHANGED';
  read_to int; own_to int; delivered_to int;
BEGIN
  SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  -- Without a lock where nothing can change: cursors only grow, but for the viewer's own hand.
  IF p_read > me.own_read_seq OR greatest(p_read, p_delivered) > me.last_delivered_seq THEN
    SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
    SELECT * INTO me FROM members WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
    own_to := greatest(me.own_read_seq, least(p_read, c.head_seq));
    read_to := greatest(me.last_read_seq, own_to);
    delivered_to := greatest(me.last_delivered_seq, least(p_delivered, c.head_seq), read_to);
    IF own_to > me.own_read_seq OR delivered_to > me.last_delivered_seq THEN
      outcome := 'ADVANCED';
      UPDATE members SET own_read_seq = own_to, last_read_seq = read_to, last_delivered_seq = delivered_to
       WHERE conversation_id = p_conversation AND user_id = p_actor;
      IF read_to > me.last_read_seq THEN
        INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES (p_conversation, p_actor, read_to, at);
      END IF;
      IF read_to > me.last_read_seq OR delivered_to > me.last_delivered_seq THEN
        events := jsonb_build_array(parley_conversation_event(p_conversation, 'RECEIPT_ADVANCED', p_actor, jsonb_build_object(
          'receipts', jsonb_build_array(jsonb_build_object(
            'userId', p_actor, 'lastReadSeq', read_to, 'lastDeliveredSeq', delivered_to, 'at', at)))));
      ELSE
        -- Read again what had been marked unread by hand: the others saw no change, the own devices do.
        events := parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}');
      END IF;
      me.own_read_seq := own_to; me.last_delivered_seq := delivered_to;
    END IF;
  ELSE
    SELECT * INTO c FROM conversations WHERE id = p_conversation;
  END IF;
  RETURN jsonb_build_object('outcome', outcome, 'lastReadSeq', me.own_read_seq, 'lastDeliveredSeq', me.last_delivered_seq,
    'unreadCount', parley_unread(p_conversation, p_actor, c.head_seq, me.own_read_seq, me.last_sent_seq), 'events', events);
END $$;

-- p_muted_until counts only with p_set_muted: null is a value there.
CREATE FUNCTION parley_update_entry(p_actor uuid, p_conversation uuid, p_set_muted boolean, p_muted_until timestamptz,
  p_archived boolean, p_pinned boolean, p_unread_from int)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE c conversations; me members;
BEGIN
  SELECT * INTO c FROM conversations WHERE id = p_conversation FOR NO KEY UPDATE;
  UPDATE members SET
    muted_until = CASE WHEN p_set_muted THEN p_muted_until ELSE muted_until END,
    archived = coalesce(p_archived, archived),
    pinned = coalesce(p_pinned, pinned),
    own_read_seq = least(own_read_seq, coalesce(p_unread_from - 1, own_read_seq))
  WHERE conversation_id = p_conversation AND user_id = p_actor AND left_at IS NULL;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', parley_inbox_events(ARRAY[p_actor], p_conversation, p_actor, '{}'));
END $$;
