// All account records.
MATCH (r:SourceRecord {kind: "account"})
RETURN r.key, r.body, r.pending
