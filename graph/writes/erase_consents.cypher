// Consents that a source gave about others' people: these are derived again. Answers how many customers.
// :param prefix => "helpdesk/"
MATCH (r:SourceRecord {kind: "consent"})
WHERE r.key STARTS WITH $prefix
MATCH (:SourceRecord {key: r.person})-[:DESCRIBES]->(c:Customer)
SET c.stale = true
RETURN count(c)
