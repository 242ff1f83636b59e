// All records of a customer with what ties them and their identifiers.
// :param id => "0197-id"
MATCH (c:Customer {id: $id})<-[d:DESCRIBES]-(r:SourceRecord)
RETURN r.key, r.created_at.epochMillis, d.rule, d.evidence,
       [(r)-[:HAS_IDENTIFIER]->(i:Identifier) | i.key] AS identifiers, r.body
ORDER BY r.key
