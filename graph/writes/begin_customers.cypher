// Take the mark from customers, which locks them until the batch is committed; answers whether each was derived before.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})
SET c.stale = null
RETURN collect([c.id, c.first_record IS NOT NULL])
