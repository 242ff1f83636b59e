// What the former ids of these customers or accounts stood for, and until when.
// :param ids => ["0197-id"]
MATCH (f:FormerId)
WHERE f.now IN $ids
MATCH (i:Identity {id: f.id})
WHERE i.ended IS NOT NULL
RETURN f.id, f.now, i.records, i.ended.epochMillis
