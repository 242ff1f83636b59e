// What people decided about any of these records and did not take back, the oldest first.
// :param keys => ["crm/contacts/1", "helpdesk/users/2"]
MATCH (d:Decision)
WHERE d.reverted_at IS NULL AND any(key IN d.records WHERE key IN $keys)
RETURN d.id, d.kind, d.records, d.apart
ORDER BY d.id
