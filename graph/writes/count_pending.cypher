// How many records wait to be linked, by kind.
MATCH (r:SourceRecord {pending: true})
RETURN r.kind, count(*)
