// The customers whom an id, a former id or an identifier's key names.
// :param id => "0197-id"
// :param key => "email:ada@byron.test"
OPTIONAL MATCH (current:Customer {id: $id})
OPTIONAL MATCH (:FormerId {id: $id})-[:NOW]->(now:Customer)
OPTIONAL MATCH (:Identifier {key: $key})<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(owner:Customer)
WITH DISTINCT coalesce(current, now, owner) AS c
WHERE c IS NOT NULL
RETURN c.id, c.display_name ORDER BY c.id
