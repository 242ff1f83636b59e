// What these ids stood for earlier, and until when.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (i:Identity {id: id})
WHERE i.ended IS NOT NULL
RETURN i.id, null, i.records, i.ended.epochMillis
