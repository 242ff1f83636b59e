// The sync that somebody asked for under this key.
// :param by => "ada"
// :param key => "k-1"
MATCH (s:Sync)
WHERE s.idempotency_key = $key AND s.by = $by
RETURN s.id, s.status, s.owner, s.begins, timestamp() - s.heard AS silent, s.by, s.started_at.epochMillis,
       s.finished_at.epochMillis, s.error, s.state, s.request
