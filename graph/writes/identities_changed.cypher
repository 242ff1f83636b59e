// Who stood for which records before a moment and stands for them now, as far as that has changed since.
// :param since => 1751328000000
MATCH (i:Identity {of: "customer"})
WHERE i.since > datetime({epochMillis: $since}) OR i.ended > datetime({epochMillis: $since})
RETURN i.id, i.records, i.since.epochMillis, i.ended.epochMillis
ORDER BY i.id, i.since
