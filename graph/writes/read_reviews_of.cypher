// Pairs of some records that wait for a person.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})-[m:MAY_MATCH {status: "OPEN"}]-(:SourceRecord)
WITH DISTINCT m
WITH startNode(m) AS a, endNode(m) AS b, m
RETURN a.key, b.key, m.weight, m.probability, m.distance
