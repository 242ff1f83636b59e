// Take records from the accounts that they describe, before it is written anew; answers those that go to another.
// :param rows => [{record: "crm/contacts/1", id: "0197-id"}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.record})-[d:DESCRIBES]->(c:Account)
WITH r, d, c.id AS was, row.id AS becomes
DELETE d
WITH r, was, becomes
WHERE was <> becomes
RETURN r.key
