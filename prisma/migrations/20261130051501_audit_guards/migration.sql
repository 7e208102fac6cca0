CREATE TRIGGER audit_log_guard BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION parley_audit_guard();
CREATE TRIGGER audit_log_guard_all BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION parley_audit_guard();
CREATE TRIGGER audit_head_guard BEFORE UPDATE OR DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION parley_audit_guard();
CREATE TRIGGER audit_head_guard_all BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION parley_audit_guard();
CREATE TRIGGER users_role_audit AFTER UPDATE OF role ON users FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role)
  EXECUTE FUNCTION parley_audit_role();
