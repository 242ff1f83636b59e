// What a record can be looked up by.
// :param rows => [{record: "crm/contacts/1", key: "email:ada@x.test", kind: "email", value: "ada@x.test"}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.record})
MERGE (i:Identifier {key: row.key})
ON CREATE SET i.kind = row.kind, i.value = row.value, i.backwards = CASE row.kind WHEN "phone" THEN reverse(row.value) END
CREATE (r)-[:HAS_IDENTIFIER]->(i)
