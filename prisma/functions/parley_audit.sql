-- Adds an entry to the audit log, in the transaction of what it records. Call it last: the head of the log is locked until the
-- commit, so entries are numbered in commit order, and whoever holds it must not wait for anybody else.
CREATE OR REPLACE FUNCTION parley_audit(p_action text, p_actor uuid, p_subject uuid, p_conversation uuid, p_data jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE h audit_head; at timestamptz; new_hash bytea; data jsonb := coalesce(jsonb_strip_nulls(p_data), '{}');
BEGIN
  SELECT * INTO STRICT h FROM audit_head FOR UPDATE;
  at := greatest(parley_now(), h.occurred_at);
  new_hash := parley_audit_hash(h.hash, h.seq + 1, at, p_action, p_actor, p_subject, p_conversation, data);
  INSERT INTO audit_log (seq, occurred_at, action, actor_id, subject_id, conversation_id, data, hash)
  VALUES (h.seq + 1, at, p_action, p_actor, p_subject, p_conversation, data, new_hash);
  UPDATE audit_head SET seq = h.seq + 1, hash = new_hash, occurred_at = at;
  RETURN h.seq + 1;
END $$;
