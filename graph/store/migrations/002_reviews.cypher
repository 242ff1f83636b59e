// 002_reviews.cypher: reviews in the order in which they wait, merges of sources and decisions by key; marks that nothing took away.
CREATE INDEX may_match_by_queue IF NOT EXISTS FOR ()-[m:MAY_MATCH]-() ON (m.queue);
CREATE INDEX source_record_by_merged_into IF NOT EXISTS FOR (n:SourceRecord) ON (n.merged_into);
CREATE INDEX decision_by_idempotency_key IF NOT EXISTS FOR (n:Decision) ON (n.idempotency_key);
CREATE INDEX decision_by_revert_key IF NOT EXISTS FOR (n:Decision) ON (n.revert_key);
MATCH (a:SourceRecord)-[m:MAY_MATCH]->(b:SourceRecord)
WHERE m.queue IS NULL
OPTIONAL MATCH (a)-[:DESCRIBES]->(one:Customer)
OPTIONAL MATCH (b)-[:DESCRIBES]->(two:Customer)
WITH a, b, m, abs(m.weight - 1) AS distance, coalesce(one.interaction_count, 0) + coalesce(two.interaction_count, 0) AS stake
SET m.distance = distance, m.stake = stake,
    m.queue = toString(CASE m.status WHEN "OPEN" THEN 10000000 ELSE 20000000 END + toInteger(round(distance * 1000)))
              + toString(1999999999 - stake) + a.key + " " + b.key;
MATCH (r:SourceRecord {pending: true})
WHERE r.body IS NULL OR r.kind = "consent"
SET r.pending = null;
