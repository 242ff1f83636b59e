// Take away what older versions kept for searching accounts.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (n:Account {id: id})
SET n.search = null
