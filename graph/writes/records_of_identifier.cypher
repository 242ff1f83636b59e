// The customers who use an identifier, each with one record of theirs that has it, a person record where there is one.
// :param key => "email:ada@x.test"
MATCH (:Identifier {key: $key})<-[:HAS_IDENTIFIER]-(r:SourceRecord)-[:DESCRIBES]->(c:Customer)
WITH c.id AS customer, r.key AS record ORDER BY CASE r.kind WHEN "person" THEN 0 ELSE 1 END, r.key
WITH customer, collect(record) AS records ORDER BY customer
RETURN customer, records[0]
