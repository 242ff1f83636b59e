// The sources that the graph knows, how their last run ended, and how many of their records wait to be linked.
MATCH (s:Source)
CALL (s) { MATCH (r:SourceRecord {pending: true}) WHERE r.source = s.name RETURN count(r) AS pending }
RETURN s.name, s.connector, s.status, s.error, s.last_sync_at.epochMillis, s.last_success_at.epochMillis, pending
ORDER BY s.name
