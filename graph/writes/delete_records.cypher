// The source says that these records are gone: they stay as facts, marked. Those that are linked wait to be linked again;
// of a consent the customer is derived again.
// :param rows => [{key: "crm/contacts/1", at: 1751328000000}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.key})
WHERE r.deleted_at IS NULL
SET r.deleted_at = datetime({epochMillis: row.at}), r.hash = "deleted",
    r.pending = CASE WHEN r.kind IN ["person", "account", "mention"] AND r.body IS NOT NULL THEN true ELSE r.pending END
WITH r
WHERE r.kind = "consent"
MATCH (:SourceRecord {key: r.person})-[:DESCRIBES]->(c:Customer)
SET c.stale = true
