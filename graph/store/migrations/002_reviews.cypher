// 002_reviews.cypher: reviews in the order in which they wait, merges of sources and decisions by key; marks that nothing took away.
CREATE INDEX may_match_by_queue IF NOT EXISTS FOR ()-[m:MAY_MATCH]-() ON (m.queue);
CREATE INDEX source_record_by_merged_into IF NOT EXISTS FOR (n:SourceRecord) ON (n.merged_into);
CREATE INDEX decision_by_idempotency_key IF NOT EXISTS FOR (n:Decision) ON (n.idempotency_key);
CREATE INDEX decision_by_revert_key IF NOT EXISTS FOR (n:Decision) ON (n.revert_key);
