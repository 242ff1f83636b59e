// The sync that somebody asked for under this key, or was given as the one that was under way.
// :param by => "ada"
// :param key => "k-1"
// :param joined => "0f3a "    what stands for the two, before the hash of the request
MATCH (s:Sync)
WITH s, [name IN coalesce(s.joined, []) WHERE name STARTS WITH $joined] AS joined
WHERE (s.idempotency_key = $key AND s.by = $by) OR size(joined) > 0
RETURN s.id, s.status, s.owner, s.begins, timestamp() - s.heard AS silent, s.by, s.started_at.epochMillis,
       s.finished_at.epochMillis, s.error, s.state, s.request, joined[0]
