// Stages that were not reached after all, or at another time.
// :param rows => [["0197-customer", "lead", 1]]    customer, stage, ordinal
UNWIND $rows AS row
MATCH (:Customer {id: row[0]})-[r:REACHED {ordinal: row[2]}]->(:Stage {name: row[1]})
DELETE r
