// Pins of one field of a customer's records, which give way to a new one; they stay as history.
// :param keys => ["crm/contacts/1"]
// :param field => "job_title"
// :param by => "ada"
// :param now => 1751328000000
MATCH (p:Pin {field: $field})
WHERE p.reverted_at IS NULL AND p.record IN $keys
SET p.reverted_at = datetime({epochMillis: $now}), p.reverted_by = $by
