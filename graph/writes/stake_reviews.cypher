// What is at stake in open pairs whose customers have other interactions than before; they wait at another place then.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})<-[:DESCRIBES]-(:SourceRecord)-[m:MAY_MATCH {status: "OPEN"}]-(:SourceRecord)
WITH DISTINCT m
WITH m, startNode(m) AS a, endNode(m) AS b
OPTIONAL MATCH (a)-[:DESCRIBES]->(one:Customer)
OPTIONAL MATCH (b)-[:DESCRIBES]->(two:Customer)
WITH m, a, b, coalesce(one.interaction_count, 0) + coalesce(two.interaction_count, 0) AS stake
WHERE m.stake IS NULL OR m.stake <> stake
SET m.stake = stake,
    m.queue = toString(10000000 + toInteger(round(m.distance * 1000))) + toString(1999999999 - stake)
              + a.key + " " + b.key
