// Entries of the change log that nobody may ask for any more.
// :param before => 1751328000000
MATCH (c:Change)
WHERE c.at < datetime({epochMillis: $before})
DELETE c
