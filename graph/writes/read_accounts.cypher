// All account records, with what they showed when they were linked last.
MATCH (r:SourceRecord {kind: "account"})
RETURN r.key, r.body, r.pending, r.linked_name, r.linked_domain
