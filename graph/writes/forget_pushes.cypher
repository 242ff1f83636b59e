// Pushes whose records are stored.
// :param ids => ["0197-push"]
UNWIND $ids AS id
MATCH (p:Push {id: id})
DELETE p
