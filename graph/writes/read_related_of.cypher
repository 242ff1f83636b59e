// Households and colleagues of some customers.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})-[r:RELATED]-(:Customer)
WITH DISTINCT r
WITH startNode(r) AS c, endNode(r) AS o, r
RETURN collect([c.id, o.id, r.kind, r.probability])
