// Identifiers that nobody has any more.
// :param keys => ["email:ada@x.test"]
UNWIND $keys AS key
MATCH (i:Identifier {key: key})
WHERE NOT EXISTS { (i)<-[:HAS_IDENTIFIER]-() }
DELETE i
