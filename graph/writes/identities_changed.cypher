// Who stood for which records at a moment, as far as that has ended since.
// :param since => 1751328000000
MATCH (i:Identity {of: "customer"})
WHERE i.ended > datetime({epochMillis: $since}) AND i.since <= datetime({epochMillis: $since})
RETURN i.id, i.records
ORDER BY i.id
