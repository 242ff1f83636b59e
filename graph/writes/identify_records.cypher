// What a record can be looked up by.
// :param rows => [{record: "crm/contacts/1", key: "phone:+4930123456", kind: "phone", value: "+4930123456", national: "30123456"}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.record})
MERGE (i:Identifier {key: row.key})
ON CREATE SET i.kind = row.kind, i.value = row.value, i.national = row.national, i.backwards = CASE row.kind WHEN "phone" THEN reverse(row.value) END
CREATE (r)-[:HAS_IDENTIFIER]->(i)
