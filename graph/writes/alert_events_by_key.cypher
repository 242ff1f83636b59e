// What somebody did about an alert under this key; and the hash of that request.
// :param key => "my-request-1"
// :param by => "token"
MATCH (e:AlertEvent {idempotency_key: $key})-[:HAPPENED_TO]->(a:Alert)
WHERE e.by = $by
RETURN a.id, e.request
