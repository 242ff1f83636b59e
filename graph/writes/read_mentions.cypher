// Mentions, each of their identifiers, and the person records that have it too.
MATCH (m:SourceRecord {kind: "mention"})-[:HAS_IDENTIFIER]->(i:Identifier)
OPTIONAL MATCH (i)<-[:HAS_IDENTIFIER]-(r:SourceRecord {kind: "person"})
WITH m, i, collect(r.key) AS persons ORDER BY m.key, i.key
RETURN m.key, i.key, persons
