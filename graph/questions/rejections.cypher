// What could not be read, the newest first: from which source and stream, where, and why.
// :param top => 100   how many rows (default)
MATCH (r:Rejection)
RETURN r.at AS at, r.source AS source, r.stream AS stream, r.place AS place, r.reason AS reason
ORDER BY at DESC, source, place
LIMIT toInteger($top)
