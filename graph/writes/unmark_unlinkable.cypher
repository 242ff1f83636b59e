// Records that cannot be linked (deleted ones, consents) wait for nothing.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key, pending: true})
WHERE r.body IS NULL OR r.kind = "consent"
SET r.pending = null
