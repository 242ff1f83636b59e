// Some mentions, each of their identifiers, and the person records that have it too with their customers.
// :param keys => ["crm/mention/1"]
UNWIND $keys AS key
MATCH (m:SourceRecord {key: key})-[:HAS_IDENTIFIER]->(i:Identifier)
OPTIONAL MATCH (i)<-[:HAS_IDENTIFIER]-(r:SourceRecord {kind: "person"})
OPTIONAL MATCH (r)-[:DESCRIBES]->(c:Customer)
WITH m.key AS mention, i.key AS identifier, r, c
WITH mention, identifier, collect(CASE WHEN r IS NULL THEN null ELSE [r.key, c.id] END) AS persons
ORDER BY mention, identifier
RETURN mention, identifier, persons
