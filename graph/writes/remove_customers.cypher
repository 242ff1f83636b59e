// Customers whose id is retired.
// :param ids => ["0197-old"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})
DETACH DELETE c
