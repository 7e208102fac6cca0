-- What an entry of the audit log has as its hash: changed, removed or inserted anywhere, the entries after it no longer fit.
CREATE OR REPLACE FUNCTION parley_audit_hash(p_before bytea, p_seq bigint, p_at timestamptz, p_action text, p_actor uuid, p_subject uuid,
  p_conversation uuid, p_data jsonb) RETURNS bytea LANGUAGE sql STABLE
RETURN sha256(p_before || convert_to(p_seq || chr(31) || (extract(epoch FROM p_at) * 1000)::bigint || chr(31) || p_action || chr(31)
  || coalesce(p_actor::text, '') || chr(31) || coalesce(p_subject::text, '') || chr(31) || coalesce(p_conversation::text, '') || chr(31)
  || p_data::text, 'UTF8'));
