// What was pushed, in the order in which it came.
// :param ids => ["0197-push"]
UNWIND $ids AS id
MATCH (p:Push {id: id})
RETURN p.body
ORDER BY p.id
