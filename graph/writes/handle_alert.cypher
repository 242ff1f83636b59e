// What a person does about an alert: its new state, and the deed as a fact that stays.
// :param id => "0f3a"
// :param status => "ACKNOWLEDGED"
// :param owner => "Ines Marl"
// :param snoozed_until => null
// :param resolved_at => null
// :param outcome => null
// :param note => null
// :param event => "0197-event"
// :param deed => "ACKNOWLEDGED"
// :param said_owner => null    what this deed says, not the state
// :param said_until => null
// :param said_outcome => null
// :param said_note => null
// :param by => "ada"
// :param key => null
// :param request => null    the hash of what came under the key
// :param now => 1751328000000
MATCH (a:Alert {id: $id})
SET a.status = $status, a.owner = $owner, a.outcome = $outcome, a.note = $note, a.handled_at = datetime({epochMillis: $now}),
  a.snoozed_until = CASE WHEN $snoozed_until IS NULL THEN null ELSE datetime({epochMillis: $snoozed_until}) END,
  a.resolved_at = CASE WHEN $resolved_at IS NULL THEN null ELSE datetime({epochMillis: $resolved_at}) END
CREATE (e:AlertEvent {id: $event, deed: $deed, by: $by, at: datetime({epochMillis: $now}), owner: $said_owner, outcome: $said_outcome,
  note: $said_note, idempotency_key: $key, request: $request,
  until: CASE WHEN $said_until IS NULL THEN null ELSE datetime({epochMillis: $said_until}) END})
CREATE (e)-[:HAPPENED_TO]->(a)
