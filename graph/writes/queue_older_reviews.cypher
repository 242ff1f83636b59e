// The place in the queue of pairs that an earlier version wrote without one.
// :param keys => ["crm/contacts/1"]    the first record of each pair
UNWIND $keys AS key
MATCH (a:SourceRecord {key: key})-[m:MAY_MATCH]->(b:SourceRecord)
WHERE m.queue IS NULL
OPTIONAL MATCH (a)-[:DESCRIBES]->(one:Customer)
OPTIONAL MATCH (b)-[:DESCRIBES]->(two:Customer)
WITH a, b, m, abs(m.weight - 1) AS distance, coalesce(one.interaction_count, 0) + coalesce(two.interaction_count, 0) AS stake
SET m.distance = distance, m.stake = stake,
    m.queue = toString(CASE m.status WHEN "OPEN" THEN 10000000 ELSE 20000000 END + toInteger(round(distance * 1000)))
              + toString(1999999999 - stake) + a.key + " " + b.key
