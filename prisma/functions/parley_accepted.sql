CREATE OR REPLACE FUNCTION parley_accepted(p_event jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object('outcome', 'ACCEPTED', 'streamId', p_event->'streamId', 'eventSeq', p_event->'seq',
  'mark', p_event->'mark', 'message', p_event->'message', 'events', jsonb_build_array(p_event));
