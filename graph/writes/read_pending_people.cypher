// Person records and mentions that wait to be linked.
MATCH (r:SourceRecord {pending: true})
WHERE r.kind IN ["person", "mention"] AND r.body IS NOT NULL
RETURN r.key, r.kind, r.body, r.pending
