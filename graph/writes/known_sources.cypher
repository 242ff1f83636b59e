// The sources that the graph knows, with how much each gave.
MATCH (s:Source)
CALL (s) { MATCH (r:SourceRecord) WHERE r.key STARTS WITH s.name + "/" AND r.body IS NOT NULL RETURN count(r) AS records }
CALL (s) { MATCH (i:Interaction) WHERE i.id STARTS WITH s.name + "/" RETURN count(i) AS interactions }
CALL (s) { MATCH (x:Rejection {source: s.name}) RETURN count(x) AS rejections }
CALL (s) { MATCH (r:SourceRecord {pending: true}) WHERE r.source = s.name RETURN count(r) AS pending }
RETURN s.name, s.connector, s.status, s.error, s.last_sync_at.epochMillis, s.last_success_at.epochMillis, pending,
       records, interactions, rejections
ORDER BY s.name
