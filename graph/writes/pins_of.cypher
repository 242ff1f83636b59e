// Pins in force of one field of a customer's records.
// :param keys => ["crm/contacts/1"]
// :param field => "job_title"
MATCH (p:Pin {field: $field})
WHERE p.reverted_at IS NULL AND p.record IN $keys
RETURN p.id ORDER BY p.at, p.id
