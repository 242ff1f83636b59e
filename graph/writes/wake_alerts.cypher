// Alerts that were put off until now wait again. Answers whom each concerns.
// :param now => 1751328000000
MATCH (a:Alert {status: "SNOOZED"})
WHERE a.snoozed_until <= datetime({epochMillis: $now})
SET a.status = "OPEN", a.snoozed_until = null
WITH a
MATCH (a)-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(c:Customer)
RETURN c.id, a.id
ORDER BY c.id, a.id
