-- What is shown of a person, or in a conversation, changes in this transaction without an event: what others keep of it is void
-- (docs/decisions/0115).
CREATE OR REPLACE FUNCTION parley_shown_moved(p_id uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO shown_moves (id, xid) VALUES (p_id, parley_xid()) ON CONFLICT (id) DO UPDATE SET xid = EXCLUDED.xid;
$$;
