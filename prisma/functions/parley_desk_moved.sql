-- Appends to the desk's stream that a support conversation has new events. A trigger of conversations, so that no write can
-- forget it, and a deferred one: the desk's row is locked last of all, just before the commit, when the transaction waits for
-- nothing any more. docs/decisions/0056 says more.
CREATE OR REPLACE FUNCTION parley_desk_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE desk conversations; new_mark text := parley_mark(); log_xid xid8 := parley_xid();
BEGIN
  SELECT * INTO STRICT desk FROM conversations WHERE id = parley_desk() FOR NO KEY UPDATE;
  UPDATE conversations SET head_event_seq = desk.head_event_seq + 1, head_mark = new_mark, head_xid = log_xid WHERE id = desk.id;
  PERFORM parley_event(desk.id, desk.head_event_seq + 1, 'DESK_MOVED', NULL, NULL, NULL, NULL,
    jsonb_build_object('conversationId', NEW.id, 'afterSeq', OLD.head_event_seq, 'markAfter', OLD.head_mark,
      'upToSeq', NEW.head_event_seq), parley_now(), NULL, new_mark, desk.head_mark, log_xid);
  RETURN NULL;
END $$;
