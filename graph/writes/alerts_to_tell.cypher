// Alerts that nobody outside has been told of and nobody has closed, the oldest first.
// :param since => 1751328000000    raised from then on
// :param most => 200
MATCH (a:Alert {to_tell: true})
WHERE a.raised_at >= datetime({epochMillis: $since}) AND a.status <> "RESOLVED"
WITH a ORDER BY a.raised_at, a.id LIMIT $most
OPTIONAL MATCH (a)-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(c:Customer)
RETURN a.id, a.rule, a.condition, a.owner, a.since.epochMillis, a.raised_at.epochMillis, a.due_at.epochMillis, a.evidence, c.id
ORDER BY a.raised_at, a.id
