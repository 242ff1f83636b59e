// New customers; the derive step fills them.
// :param ids => ["0197-id"]
UNWIND $ids AS id
CREATE (:Customer {id: id, sort_name: '', stale: true})
