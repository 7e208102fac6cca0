-- Trigger: others see something else of the person from this commit on.
CREATE OR REPLACE FUNCTION parley_person_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM parley_shown_moved(NEW.id);
  RETURN NULL;
END $$;
