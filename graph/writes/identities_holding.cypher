// Who stands for some of these records now, as far as that has begun since a moment.
// :param since => 1751328000000
// :param keys => {`crm/contacts/1`: true}
MATCH (i:Identity {of: "customer"})
WHERE i.ended IS NULL AND i.since > datetime({epochMillis: $since})
  AND any(key IN i.records WHERE $keys[key] IS NOT NULL)
RETURN i.id, i.records
ORDER BY i.id
