// Consents that sources keep apart from the person's record.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {person: key})
WHERE r.deleted_at IS NULL
RETURN collect([key, r.key, r.body])
