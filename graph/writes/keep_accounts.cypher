// Accounts that keep their ids; after a rebuild they are made again.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MERGE (c:Account {id: id})
SET c.stale = true
