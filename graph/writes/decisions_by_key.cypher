// Decisions that somebody took under this key.
// :param key => "my-request-1"
// :param by => "token"
MATCH (d:Decision {idempotency_key: $key, by: $by})
WITH d ORDER BY d.id
RETURN d.id, d.kind, d.records, d.apart
