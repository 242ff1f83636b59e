// The customers that records describe.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[:DESCRIBES]->(c:Customer)
WITH DISTINCT c.id AS id ORDER BY id
RETURN id
