// What a record can be looked up by.
// :param rows => [{record: "crm/contacts/1", key: "email:ada@x.test", kind: "email", value: "ada@x.test"}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.record})
MERGE (i:Identifier {key: row.key}) ON CREATE SET i.kind = row.kind, i.value = row.value
CREATE (r)-[:HAS_IDENTIFIER]->(i)
