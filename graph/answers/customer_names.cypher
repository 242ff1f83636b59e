// What customers are called, of those who are there.
// :param ids => ["0197-id"]   customers
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN c.id AS id, c.display_name AS name
