// The newest syncs, the newest first; `silent` is how long nothing was heard of one, in milliseconds.
MATCH (s:Sync)
WHERE s.id > ""
RETURN s.id, s.status, s.owner, s.begins, timestamp() - s.heard AS silent, s.by, s.started_at.epochMillis,
       s.finished_at.epochMillis, s.error, s.state
ORDER BY s.id DESC
LIMIT 10
