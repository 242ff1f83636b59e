// The source says that these records are gone: they stay as facts, marked.
// :param rows => [{key: "crm/contacts/1", at: 1751328000000}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.key})
WHERE r.deleted_at IS NULL
SET r.deleted_at = datetime({epochMillis: row.at}), r.hash = "deleted", r.pending = true
