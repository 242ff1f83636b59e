// A stream was read from its start to its end: what was rejected before and not now can be read, or is no more.
// :param source => "crm"
// :param stream => "contacts"
// :param before => 1751328000000
MATCH (r:Rejection {source: $source, stream: $stream})
WHERE r.at < datetime({epochMillis: $before})
DELETE r
