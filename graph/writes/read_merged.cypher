// Person records that their source has merged into another.
MATCH (r:SourceRecord {kind: "person"})
WHERE r.merged_into IS NOT NULL
RETURN r.key, r.merged_into
