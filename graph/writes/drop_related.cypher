// Customers that are no longer related so.
// :param rows => [["0197-id", "0197-other", "household", 0.93]]
UNWIND $rows AS row
MATCH (:Customer {id: row[0]})-[r:RELATED {kind: row[2]}]->(:Customer {id: row[1]})
DELETE r
