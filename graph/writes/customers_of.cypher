// Records, with all others of the customers that they describe.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})
OPTIONAL MATCH (r)-[:DESCRIBES]->(c:Customer)
OPTIONAL MATCH (c)<-[:DESCRIBES]-(other:SourceRecord)
WITH DISTINCT coalesce(other, r) AS one, c
RETURN one.key, one.kind, one.body, one.pending, c.id
