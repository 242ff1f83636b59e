// Pairs among these records that wait for a person.
// :param keys => ["crm/contacts/1", "helpdesk/users/2"]
UNWIND $keys AS key
MATCH (a:SourceRecord {key: key})-[:MAY_MATCH {status: "OPEN"}]->(b:SourceRecord)
WHERE b.key IN $keys
RETURN a.key, b.key
