// What the former ids of these customers or accounts stood for, and until when.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (f:FormerId {now: id})
MATCH (i:Identity {id: f.id})
WHERE i.ended IS NOT NULL
RETURN f.id, f.now, i.records, i.ended.epochMillis
