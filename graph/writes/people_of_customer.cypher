// The person records of a customer, who may be named by a former id, too.
// :param id => "0197-id"
OPTIONAL MATCH (current:Customer {id: $id})
OPTIONAL MATCH (:FormerId {id: $id})-[:NOW]->(now:Customer)
WITH coalesce(current, now) AS c
WHERE c IS NOT NULL
MATCH (r:SourceRecord {kind: "person"})-[:DESCRIBES]->(c)
RETURN c.id, r.key
