// Identifiers of changed records, before they are written anew; an identifier that nobody has any more goes.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[h:HAS_IDENTIFIER]->(i:Identifier)
DELETE h
WITH DISTINCT i
WHERE NOT EXISTS { (i)<-[:HAS_IDENTIFIER]-() }
DELETE i
