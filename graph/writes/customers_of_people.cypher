// The customer that each person record describes, and the smallest person record of that customer.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[:DESCRIBES]->(c:Customer)
MATCH (p:SourceRecord {kind: "person"})-[:DESCRIBES]->(c)
WITH key, c.id AS id, min(p.key) AS smallest
RETURN collect([key, id, smallest])
