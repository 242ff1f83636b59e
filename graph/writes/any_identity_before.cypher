// Whether anybody was known at a moment.
// :param since => 1751328000000
MATCH (i:Identity {of: "customer"})
WHERE i.since <= datetime({epochMillis: $since})
RETURN i.id
LIMIT 1
