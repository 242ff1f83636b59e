// The customer whom an id or a former id names, and the persons of a source that describe them.
// :param id => "c-42"
// :param source => "support"
OPTIONAL MATCH (current:Customer {id: $id})
OPTIONAL MATCH (:FormerId {id: $id})-[:NOW]->(now:Customer)
WITH DISTINCT coalesce(current, now) AS c
WHERE c IS NOT NULL
OPTIONAL MATCH (r:SourceRecord {source: $source, kind: "person"})-[:DESCRIBES]->(c)
WHERE r.deleted_at IS NULL
RETURN c.id, collect(r.key)
