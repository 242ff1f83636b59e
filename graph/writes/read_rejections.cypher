// What could not be read, the newest first.
// :param source => null     of one source
// :param limit => 100
MATCH (r:Rejection)
WHERE $source IS NULL OR r.source = $source
RETURN r.id, r.source, r.stream, r.place, r.reason, r.at.epochMillis
ORDER BY r.at DESC, r.id
LIMIT toInteger($limit)
