// Of customers, which record each interaction came with.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:EXPERIENCED]->(i:Interaction)
RETURN i.id, i.record
ORDER BY i.id
