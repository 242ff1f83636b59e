// Which of these records their sources have deleted.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})
WHERE r.deleted_at IS NOT NULL
RETURN r.key
