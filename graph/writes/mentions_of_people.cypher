// Mentions that have an identifier of these person records.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[:HAS_IDENTIFIER]->(:Identifier)<-[:HAS_IDENTIFIER]-(m:SourceRecord {kind: "mention"})
RETURN DISTINCT m.key
