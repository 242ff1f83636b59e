// Take the mark from accounts, which locks them until the batch is committed.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (a:Account {id: id})
SET a.stale = null
