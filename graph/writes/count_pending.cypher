// How many records wait to be linked, by kind.
MATCH (r:SourceRecord {pending: true})
WHERE r.body IS NOT NULL
RETURN r.kind, count(*)
