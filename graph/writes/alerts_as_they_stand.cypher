// Alerts as they stand now, for whoever is told of them.
// :param ids => ["0f3a"]
MATCH (a:Alert)
WHERE a.id IN $ids
RETURN a.id, a.rule, a.condition, a.status, a.owner, a.outcome, a.since.epochMillis, a.due_at.epochMillis, a.evidence
