// Accounts whose id is retired.
// :param ids => ["0197-old"]
UNWIND $ids AS id
MATCH (c:Account {id: id})
DETACH DELETE c
