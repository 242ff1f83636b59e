// Customers described by records about which something new has landed.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[:DESCRIBES]->(c:Customer)
SET c.stale = true
