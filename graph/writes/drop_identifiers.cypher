// Identifiers of changed records, before they are written anew; answers which they were.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[h:HAS_IDENTIFIER]->(i:Identifier)
DELETE h
RETURN collect(DISTINCT i.key)
