// Whether any of these records waits to be linked: one of them, or no row.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})
WHERE r.pending = true
RETURN r.key LIMIT 1
