// Whom these ids, former ones too, name today.
// :param ids => ["0197-id"]
UNWIND $ids AS id
OPTIONAL MATCH (current:Customer {id: id})
OPTIONAL MATCH (:FormerId {id: id})-[:NOW]->(now:Customer)
WITH DISTINCT coalesce(current.id, now.id) AS id WHERE id IS NOT NULL
RETURN id ORDER BY id
