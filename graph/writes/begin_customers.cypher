// Take the marks from customers, which locks them until the batch is committed; answers whether each was derived before,
// the ids that became part of it since, the ids that it came out of, its element id, and its consents until now.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})
SET c.stale = null
WITH c, coalesce(c.absorbed, []) AS absorbed, coalesce(c.parted_from, []) AS parted_from
SET c.absorbed = null, c.parted_from = null
RETURN collect([c.id, c.first_record IS NOT NULL, absorbed, parted_from, elementId(c), c.consents])
