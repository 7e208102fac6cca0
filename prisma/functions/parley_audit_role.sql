-- Trigger of users: whoever gives a person another role, and by whatever way, it is in the audit log.
CREATE OR REPLACE FUNCTION parley_audit_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM parley_audit('user.roleChanged', nullif(current_setting('parley.actor', true), '')::uuid, NEW.id, NULL,
    jsonb_build_object('from', OLD.role, 'to', NEW.role));
  RETURN NULL;
END $$;
