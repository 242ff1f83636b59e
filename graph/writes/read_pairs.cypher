// Person records by their keys, with the customer that each describes.
// :param keys => ["crm/contacts/1", "helpdesk/users/7"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})
OPTIONAL MATCH (r)-[:DESCRIBES]->(c:Customer)
RETURN r.key, r.kind, r.body, c.id
