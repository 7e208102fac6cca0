-- Somebody of the staff says what became of a report. Repeating it changes nothing; a report that was resolved otherwise stays so.
CREATE OR REPLACE FUNCTION parley_resolve_report(p_actor uuid, p_report uuid, p_outcome report_outcome, p_note text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE r reports;
BEGIN
  IF NOT parley_is_staff(p_actor) THEN RETURN jsonb_build_object('outcome', 'FORBIDDEN'); END IF;
  SELECT * INTO r FROM reports WHERE id = p_report FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN jsonb_build_object('outcome', 'NOT_FOUND'); END IF;
  IF r.state = 'RESOLVED' THEN
    RETURN jsonb_build_object('outcome', CASE WHEN r.outcome = p_outcome AND r.note IS NOT DISTINCT FROM p_note
      THEN 'ACCEPTED' ELSE 'REPORT_RESOLVED' END, 'events', '[]'::jsonb);
  END IF;
  UPDATE reports SET state = 'RESOLVED', resolved_at = parley_now(), resolved_by_id = p_actor, outcome = p_outcome, note = p_note
   WHERE id = p_report;
  PERFORM parley_audit('report.resolved', p_actor, r.reported_id, r.conversation_id,
    jsonb_build_object('reportId', p_report, 'outcome', p_outcome));
  RETURN jsonb_build_object('outcome', 'ACCEPTED', 'events', '[]'::jsonb);
END $$;
