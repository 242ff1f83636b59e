// New accounts; the derive step fills them.
// :param ids => ["0197-id"]
UNWIND $ids AS id
CREATE (:Account {id: id, stale: true})
