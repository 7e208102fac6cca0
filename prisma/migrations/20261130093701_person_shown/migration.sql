CREATE TRIGGER users_shown AFTER UPDATE OF handle, display_name, avatar_url, role, created_at, erased_at ON users FOR EACH ROW
  WHEN ((OLD.handle, OLD.display_name, OLD.avatar_url, OLD.role, OLD.created_at, OLD.erased_at)
    IS DISTINCT FROM (NEW.handle, NEW.display_name, NEW.avatar_url, NEW.role, NEW.created_at, NEW.erased_at))
  EXECUTE FUNCTION parley_person_shown();
