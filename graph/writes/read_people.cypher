// All person records and mentions.
MATCH (r:SourceRecord)
WHERE r.kind IN ["person", "mention"] AND r.body IS NOT NULL
RETURN r.key, r.kind, r.body, r.pending
