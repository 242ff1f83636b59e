// Identifiers of changed records, before they are written anew.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[h:HAS_IDENTIFIER]->()
DELETE h
