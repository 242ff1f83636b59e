// Take away what older versions kept for searching customers.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (n:Customer {id: id})
SET n.search = null
