// Customers that keep their ids; after a rebuild they are made again.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MERGE (c:Customer {id: id})
ON CREATE SET c.sort_name = ''
SET c.stale = true
