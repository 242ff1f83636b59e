// The customers that these records describe, with all that their ids stand for now.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[:DESCRIBES]->(c:Customer)
WITH DISTINCT c.id AS id
MATCH (i:Identity {id: id})
WHERE i.ended IS NULL
RETURN i.id, i.records
