// Which records these ids stand for now.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (i:Identity {id: id})
WHERE i.ended IS NULL
RETURN i.id, i.records
