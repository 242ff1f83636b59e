// Alerts that wait for somebody, by owner, the most urgent first; those without an owner last.
MATCH (a:Alert)
WHERE a.status IN ["OPEN", "ACKNOWLEDGED"]
OPTIONAL MATCH (a)-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(c:Customer)
RETURN a.owner, a.rule, a.status, a.due_at.epochMillis AS due, a.since.epochMillis, c.id
ORDER BY a.owner IS NULL, a.owner, due, a.id
