// Identifiers of records, with the mentions and the person records that have them.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[:HAS_IDENTIFIER]->(i:Identifier)
MATCH (i)<-[:HAS_IDENTIFIER]-(r:SourceRecord)
WHERE r.kind IN ["person", "mention"]
RETURN key, i.key, collect(DISTINCT CASE r.kind WHEN "mention" THEN r.key END), collect(DISTINCT CASE r.kind WHEN "person" THEN r.key END)
