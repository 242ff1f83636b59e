// Pairs that wait for a person and are at least so likely one, the likeliest first.
// :param probability => 0.9
// :param most => 200
MATCH (a:SourceRecord)-[m:MAY_MATCH {status: "OPEN"}]->(b:SourceRecord)
WHERE m.probability >= $probability AND a.pending IS NULL AND b.pending IS NULL
WITH a.key AS left, b.key AS right, m.probability AS probability
ORDER BY probability DESC, left, right LIMIT $most
RETURN left, right
