-- Triggers of audit_log and audit_head: what is written stays as it is. Rows are removed by retention alone, which moves the floor before.
CREATE OR REPLACE FUNCTION parley_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'audit_log' AND TG_OP = 'DELETE' THEN
    IF OLD.seq <= (SELECT floor_seq FROM audit_head) THEN RETURN OLD; END IF;
  ELSIF TG_TABLE_NAME = 'audit_head' AND TG_OP = 'UPDATE' THEN
    IF NEW.seq >= OLD.seq AND NEW.floor_seq >= OLD.floor_seq AND NEW.floor_seq <= NEW.seq THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
