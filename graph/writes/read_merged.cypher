// Person records that their source has merged into another.
MATCH (r:SourceRecord)
WHERE r.merged_into > ""
WITH r
WHERE r.kind = "person" AND r.body IS NOT NULL AND r.merged_into <> r.key
RETURN r.key, r.merged_into
