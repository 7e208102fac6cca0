-- Removes what hangs on messages whose texts are removed in the same transaction: everything that must not be left of a deleted
-- or erased message. Each table with something of a message has its line here.
CREATE OR REPLACE FUNCTION parley_clear_messages(p_conversation uuid, p_seqs int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A join and not ANY: for a long list of numbers each is looked up by its key.
  DELETE FROM reactions r USING unnest(p_seqs) AS s(seq) WHERE r.conversation_id = p_conversation AND r.message_seq = s.seq;
  DELETE FROM reaction_kinds k USING unnest(p_seqs) AS s(seq) WHERE k.conversation_id = p_conversation AND k.message_seq = s.seq;
  DELETE FROM pins p USING unnest(p_seqs) AS s(seq) WHERE p.conversation_id = p_conversation AND p.message_seq = s.seq;
  DELETE FROM mentions m USING unnest(p_seqs) AS s(seq) WHERE m.conversation_id = p_conversation AND m.message_seq = s.seq;
  DELETE FROM message_revisions h USING unnest(p_seqs) AS s(seq) WHERE h.conversation_id = p_conversation AND h.message_seq = s.seq;
  DELETE FROM message_search x USING unnest(p_seqs) AS s(seq) JOIN messages m ON m.conversation_id = p_conversation AND m.seq = s.seq
   WHERE x.conversation_id = p_conversation AND x.created_at = m.created_at AND x.seq = s.seq;
  PERFORM parley_support_cleared(p_conversation);
  PERFORM parley_drop_attachments(ARRAY(SELECT a.id FROM unnest(p_seqs) AS s(seq)
    JOIN attachments a ON a.conversation_id = p_conversation AND a.message_seq = s.seq));
END $$;
